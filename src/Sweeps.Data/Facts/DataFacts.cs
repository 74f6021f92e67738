namespace Sweeps.Data.Facts;

/// <summary>What the planner, the pages and the messages need to know about one split of a data set.</summary>
public sealed record DataFacts
{
    /// <summary>The file as the user named it.</summary>
    public required string File { get; init; }

    /// <summary>How many rows it has.</summary>
    public required int Rows { get; init; }

    /// <summary>All columns in the file's order.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>The columns whose text the model sees.</summary>
    public required IReadOnlyList<string> TextColumns { get; init; }

    /// <summary>The column that holds the label.</summary>
    public required string LabelColumn { get; init; }

    /// <summary>The labels in the order of their indexes.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Rows that have each label, in the order of <see cref="Labels"/>.</summary>
    public required IReadOnlyList<int> RowsPerLabel { get; init; }

    /// <summary>Rows without any label: only where rows have any number of them.</summary>
    public int RowsWithoutLabel { get; init; }

    /// <summary>Characters (UTF-16 units) of a row's text columns together: median, 95th percentile (nearest rank), longest.</summary>
    public required CharacterFacts Characters { get; init; }

    /// <summary>What is allowed but was probably not meant, a sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>The lengths of the texts of a split, in characters.</summary>
/// <param name="P50">The median.</param>
/// <param name="P95">The 95th percentile.</param>
/// <param name="Max">The longest.</param>
public readonly record struct CharacterFacts(int P50, int P95, int Max);
