using Sweeps.Data.Facts;

namespace Sweeps.Data.Guess;

/// <summary>What a data file probably is, for a first grid.yaml.</summary>
public sealed record DataGuess
{
    /// <summary>The column that holds the label.</summary>
    public required string LabelColumn { get; init; }

    /// <summary>The columns that hold the text, in the file's order.</summary>
    public required IReadOnlyList<string> TextColumns { get; init; }

    /// <summary>A template of the text columns; with several, each after its name on a line of its own.</summary>
    public required string Template { get; init; }

    /// <summary>Other columns that could be the label, the likelier first.</summary>
    public required IReadOnlyList<string> OtherLabelColumns { get; init; }

    /// <summary>Rows, labels, lengths.</summary>
    public required DataFacts Facts { get; init; }

    /// <summary>Why, and what to check: sentences for comments in the file.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}
