namespace Sweeps.Core.Spec;

/// <summary>
/// Another way to decide from the same weights, scored beside the plain one: nothing is trained again. Scores are what the
/// head gives each label (logits, or log-probabilities of its text).
/// </summary>
public sealed record VariantSettings
{
    /// <summary>Its name in evaluations; never <see cref="Plain"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the decision without any of this.</summary>
    public const string Plain = "plain";

    /// <summary>Factor on each label's score, in label order (a factor above 1 makes a negative score smaller still); null: 1.</summary>
    public IReadOnlyList<double>? MultiplyLogit { get; init; }

    /// <summary>Times so much the logarithm of the label's share of the training rows is added; 0: not at all, -1 evens shares out.</summary>
    public double AddLogPrior { get; init; }

    /// <summary>Scores are divided by this; null: 1, or as <see cref="FitsTemperature"/> finds it.</summary>
    public double? Temperature { get; init; }

    /// <summary>Whether the temperature is the one that makes the loss on the validation rows least.</summary>
    public bool FitsTemperature { get; init; }

    /// <summary>Under the head generate: whether only labels may be written; null: as the trial says.</summary>
    public bool? Constrained { get; init; }

    /// <summary>Whether it works on the labels' scores.</summary>
    public bool UsesScores => MultiplyLogit is not null || AddLogPrior != 0 || Temperature is not null || FitsTemperature;
}
