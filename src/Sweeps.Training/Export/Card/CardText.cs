using System.Globalization;
using System.Text;

namespace Sweeps.Training.Export.Card;

/// <summary>Texts as Markdown, YAML and Python want them.</summary>
internal static class CardText
{
    /// <summary>In double quotes, as both YAML and Python read it.</summary>
    public static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"", text.Length + 2);
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>In a cell of a table.</summary>
    public static string Cell(string text) =>
        text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");

    /// <summary>As code in a line.</summary>
    public static string Code(string text)
    {
        var fence = new string('`', Longest(text) + 1);
        var space = fence.Length > 1 ? " " : string.Empty;
        return $"{fence}{space}{text}{space}{fence}";
    }

    /// <summary>As a block of its own.</summary>
    public static string Block(string text, string language = "text")
    {
        var fence = new string('`', Math.Max(3, Longest(text) + 1));
        return $"{fence}{language}\n{text.TrimEnd('\n')}\n{fence}\n";
    }

    /// <summary>A number of parameters, rows or bytes.</summary>
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A score; a dash for none.</summary>
    public static string Score(double? value) =>
        value is { } score ? score.ToString("0.0000", CultureInfo.InvariantCulture) : "–";

    private static int Longest(string text)
    {
        int longest = 0, run = 0;
        foreach (var c in text)
        {
            run = c == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        return longest;
    }
}
