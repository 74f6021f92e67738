using Sweeps.Core.Spec;

namespace Sweeps.Data.Readers;

/// <summary>How a data file is read, and the bounds it must keep.</summary>
public sealed record ReadOptions
{
    /// <summary>The defaults: everything guessed, the bounds of the properties below.</summary>
    public static ReadOptions Default { get; } = new();

    /// <summary>What separates CSV fields; null (default) guesses <c>,</c> <c>;</c> or tab from the header.</summary>
    public char? Delimiter { get; init; }

    /// <summary>JSON Lines: the column whose values may be lists of labels; null: a list is no text in any column.</summary>
    public LabelLists? Lists { get; init; }

    /// <summary>How the files of a sweep are read.</summary>
    /// <exception cref="DataException">The delimiter is none.</exception>
    public static ReadOptions Of(DataSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Default with
        {
            Delimiter = settings.Delimiter switch
            {
                null or "" => null,
                "tab" or "\\t" => '\t',
                { Length: 1 } one => one[0],
                var other => throw new DataException(null, null, $"the delimiter '{other}' is not one character", "Use , ; or tab"),
            },
            Lists = settings.LabelSeparator is { } separator ? new LabelLists(settings.LabelColumn, separator) : null,
        };
    }

    /// <summary>Most rows a file may have. Default 5,000,000.</summary>
    public int MaxRows { get; init; } = 5_000_000;

    /// <summary>Most characters one field may have. Default 1,048,576.</summary>
    public int MaxFieldLength { get; init; } = 1 << 20;

    /// <summary>Most columns a file may have. Default 1,000.</summary>
    public int MaxColumns { get; init; } = 1_000;

    /// <summary>Most bytes a file may have. Default 2 GiB.</summary>
    public long MaxFileBytes { get; init; } = 2L << 30;
}

/// <summary>A column that may hold lists of labels; they are read as one text, as a CSV has them.</summary>
/// <param name="Column">Its name.</param>
/// <param name="Separator">What is put between two labels.</param>
public sealed record LabelLists(string Column, string Separator);
