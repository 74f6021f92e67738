namespace Sweeps.Data.Readers;

/// <summary>How a data file is read, and the bounds it must keep.</summary>
public sealed record ReadOptions
{
    /// <summary>The defaults: everything guessed, the bounds of the properties below.</summary>
    public static ReadOptions Default { get; } = new();

    /// <summary>What separates CSV fields; null (default) guesses <c>,</c> <c>;</c> or tab from the header.</summary>
    public char? Delimiter { get; init; }

    /// <summary>Most rows a file may have. Default 5,000,000.</summary>
    public int MaxRows { get; init; } = 5_000_000;

    /// <summary>Most characters one field may have. Default 1,048,576.</summary>
    public int MaxFieldLength { get; init; } = 1 << 20;

    /// <summary>Most columns a file may have. Default 1,000.</summary>
    public int MaxColumns { get; init; } = 1_000;

    /// <summary>Most bytes a file may have. Default 2 GiB.</summary>
    public long MaxFileBytes { get; init; } = 2L << 30;
}
