namespace Sweeps.Data;

/// <summary>
/// Something a person gave (a file, a row, a template, a tokenizer) cannot be used. The message says what, where and
/// how to mend it; it is meant to be shown as it is, without a stack trace.
/// </summary>
public sealed class DataException : Exception
{
    /// <param name="file">The file as the user named it, or null when no file is concerned.</param>
    /// <param name="line">The line in it, from 1, or null.</param>
    /// <param name="problem">What is wrong, one sentence without a final full stop.</param>
    /// <param name="fix">What to do about it, or null when the problem says so itself.</param>
    /// <param name="inner">The cause, for logs only.</param>
    public DataException(string? file, int? line, string problem, string? fix = null, Exception? inner = null)
        : base(Compose(file, line, problem, fix), inner)
    {
        File = file;
        Line = line;
        Problem = problem;
        Fix = fix;
    }

    /// <summary>The file concerned, as the user named it.</summary>
    public string? File { get; }

    /// <summary>The line concerned, from 1; for a quoted field the line where its quote opened.</summary>
    public int? Line { get; }

    /// <summary>What is wrong.</summary>
    public string Problem { get; }

    /// <summary>What to do about it.</summary>
    public string? Fix { get; }

    private static string Compose(string? file, int? line, string problem, string? fix)
    {
        string where = (file, line) switch
        {
            (null, null) => "",
            (null, _) => $"line {line}: ",
            (_, null) => $"{file}: ",
            _ => $"{file}:{line}: ",
        };
        return fix is null ? $"{where}{problem}." : $"{where}{problem}. {fix}.";
    }
}
