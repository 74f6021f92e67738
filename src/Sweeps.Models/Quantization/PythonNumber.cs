using System.Globalization;

namespace Sweeps.Models.Quantization;

/// <summary>Numbers as Python's json writes them, for files that are compared as text.</summary>
internal static class PythonNumber
{
    /// <summary>The shortest decimal that reads back equal: <c>0.0</c>, <c>0.1</c>, <c>1e-05</c>, <c>1e+16</c>.</summary>
    public static string Of(double value)
    {
        var size = Math.Abs(value);
        if (size != 0 && (size < 1e-4 || size >= 1e16))
        {
            // 1E-05 in .NET is 1e-05 in Python, 1E+16 is 1e+16.
            return value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
        }

        // Within this range .NET may still choose an exponent (from 1E+15 up).
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        if (text.Contains('E', StringComparison.Ordinal))
        {
            text = value.ToString("F0", CultureInfo.InvariantCulture);
        }

        return text.Contains('.', StringComparison.Ordinal) ? text : text + ".0";
    }
}
