namespace Sweeps.Training.Evaluation;

/// <summary>
/// What variants know besides scores, kept in the checkpoint that they were scored at: whoever decides with these weights
/// later, on other rows, decides as then.
/// </summary>
internal sealed record VariantFacts
{
    /// <summary>Without any.</summary>
    public static VariantFacts None { get; } = new();

    /// <summary>Share of each label among the training rows, in label order; null: no variant asks for it.</summary>
    public IReadOnlyList<double>? Shares { get; init; }

    /// <summary>Temperatures that were fitted on the validation rows, by variant.</summary>
    public IReadOnlyDictionary<string, double> Temperatures { get; init; } = new Dictionary<string, double>();
}
