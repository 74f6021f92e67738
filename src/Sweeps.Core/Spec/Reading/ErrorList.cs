using System.Globalization;
using System.Text;

namespace Sweeps.Core.Spec.Reading;

/// <summary>Collects what is wrong, at most <see cref="Limit"/> of it.</summary>
internal sealed class ErrorList(string file)
{
    /// <summary>Most errors kept: a broken file of 1 MB shall not answer with more than it asked.</summary>
    public const int Limit = 100;

    private readonly List<SpecError> _errors = [];

    public int Count => _errors.Count;

    public void Add(SpecMark mark, string path, string problem, string? value = null, string? allowed = null, string? nearest = null)
    {
        if (_errors.Count < Limit)
        {
            _errors.Add(new SpecError(file, mark.Line, mark.Column, path, problem, value, allowed, nearest));
        }
    }

    /// <summary>The errors in the order of the file.</summary>
    public IReadOnlyList<SpecError> InOrder() =>
        [.. _errors.OrderBy(error => error.Line).ThenBy(error => error.Column)];

    /// <summary>A value fit for a message: one line, bounded, control characters escaped.</summary>
    public static string Shorten(string text, int most = 60)
    {
        var shown = new StringBuilder(Math.Min(text.Length, most) + 1);
        foreach (var c in text)
        {
            if (shown.Length >= most)
            {
                return shown.Append('…').ToString();
            }

            if (char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029')
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                shown.Append(c);
            }
        }

        return shown.ToString();
    }
}
