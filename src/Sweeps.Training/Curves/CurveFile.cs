using System.Globalization;
using System.Text;

namespace Sweeps.Training.Curves;

/// <summary>
/// <c>attempt-n/curve</c>: one line a step, <c>STEP LOSS LEARNING_RATE GRADIENT_NORM</c>, numbers in their shortest form
/// that reads back to the same bits. Written at once but not synced; a torn last line is passed over by readers. The
/// first line names the form and the machine.
/// </summary>
internal sealed class CurveFile : IDisposable
{
    public const string FileName = "curve";
    private const string Head = "# sweeps-curve 1 ";

    private readonly FileStream _file;

    private CurveFile(FileStream file) => _file = file;

    /// <summary>Opens the curve of an attempt for appending.</summary>
    public static CurveFile Create(string attempt, string machine)
    {
        var file = new FileStream(
            Path.Combine(attempt, FileName), FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var curve = new CurveFile(file);
        if (file.Length == 0)
        {
            curve.Write(Head + machine);
        }

        return curve;
    }

    /// <summary>Appends a step.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public void Append(CurvePoint point) => Write(string.Create(
        CultureInfo.InvariantCulture,
        $"{point.Step} {point.Loss:R} {point.LearningRate:R} {point.GradientNorm:R}"));

    /// <summary>The points of a former attempt by step, when it ran on the same machine; else none.</summary>
    /// <exception cref="IOException">The file is there and cannot be read.</exception>
    public static IReadOnlyDictionary<int, CurvePoint> Read(string attempt, string machine)
    {
        var points = new Dictionary<int, CurvePoint>();
        var path = Path.Combine(attempt, FileName);
        if (!File.Exists(path))
        {
            return points;
        }

        var text = File.ReadAllText(path, Encoding.UTF8);
        var whole = text.LastIndexOf('\n');
        if (whole < 0 || !text.StartsWith(Head + machine + "\n", StringComparison.Ordinal))
        {
            return points;
        }

        foreach (var line in text.AsSpan(0, whole).EnumerateLines())
        {
            if (Parse(line) is { } point)
            {
                points[point.Step] = point;
            }
        }

        return points;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static CurvePoint? Parse(ReadOnlySpan<char> line)
    {
        Span<Range> parts = stackalloc Range[5];
        var culture = CultureInfo.InvariantCulture;
        return line.Split(parts, ' ') == 4
            && int.TryParse(line[parts[0]], NumberStyles.None, culture, out var step)
            && double.TryParse(line[parts[1]], NumberStyles.Float, culture, out var loss)
            && double.TryParse(line[parts[2]], NumberStyles.Float, culture, out var rate)
            && double.TryParse(line[parts[3]], NumberStyles.Float, culture, out var norm)
            ? new CurvePoint(step, loss, rate, norm)
            : null;
    }

    private void Write(string line) => _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
}

/// <summary>A step of a curve.</summary>
/// <param name="Step">Step, from 1.</param>
/// <param name="Loss">Loss.</param>
/// <param name="LearningRate">Learning rate that it was made with.</param>
/// <param name="GradientNorm">Norm before clipping.</param>
internal sealed record CurvePoint(int Step, double Loss, double LearningRate, double GradientNorm);
