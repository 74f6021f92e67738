namespace Sweeps.Core.Planning;

/// <summary>What is known of the data before a trial runs.</summary>
public sealed record DataFacts
{
    /// <summary>Labels in order: as declared, else sorted (numbers by value).</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Rows a split: <c>train</c>, <c>validation</c>, <c>test</c> (absent without one), after splitting.</summary>
    public required IReadOnlyDictionary<string, int> Rows { get; init; }

    /// <summary>Rows of the training file that have each label.</summary>
    public IReadOnlyDictionary<string, int> ClassCounts { get; init; } = new Dictionary<string, int>();

    /// <summary>Rows of the training file without any label: only where rows have any number of them.</summary>
    public int RowsWithoutLabel { get; init; }

    /// <summary>Columns of the training file.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Mean tokens an example; null before a tokeniser saw it.</summary>
    public double? MeanTokens { get; init; }

    /// <summary>Results of the spec's files of predictions, scored on the test rows.</summary>
    public IReadOnlyList<Spec.ExternalResult> External { get; init; } = [];
}
