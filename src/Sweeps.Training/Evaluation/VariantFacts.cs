namespace Sweeps.Training.Evaluation;

/// <summary>
/// What variants know besides scores, kept in the checkpoint that they were scored at: whoever decides with these weights
/// later, on other rows, decides as then.
/// </summary>
internal sealed record VariantFacts
{
    /// <summary>Without any.</summary>
    public static VariantFacts None { get; } = new();

    /// <summary>What is expected of each label (<see cref="IScoreRule.Prior"/>), in label order; null: no variant asks for it.</summary>
    public IReadOnlyList<double>? Priors { get; init; }

    /// <summary>Temperatures that were fitted on the validation rows, by variant.</summary>
    public IReadOnlyDictionary<string, double> Temperatures { get; init; } = new Dictionary<string, double>();
}
