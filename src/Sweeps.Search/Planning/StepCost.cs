using Sweeps.Core.Planning;
using Sweeps.Core.Spec;

namespace Sweeps.Search.Planning;

/// <summary>
/// What work costs in relation to other work on the same base model: floating-point operations by the usual count
/// (2 a parameter and token forwards, 2 for the gradients of the inputs, 2 for those of the weights; Kaplan et al. 2020,
/// arXiv 2001.08361). The preflight turns it into seconds.
/// </summary>
public static class StepCost
{
    // Without a model only the order matters: anything with several layers gives the same one.
    private const int UnknownLayers = 24;
    private const long UnknownHidden = 1_024;

    /// <summary>Linear maps a block in the families built here: q, k, v, o and two or three of the feed-forward part.</summary>
    private const int MapsInBlock = 7;

    /// <summary>Cost of one optimiser step.</summary>
    public static double OfStep(TrialSettings settings, double? meanTokens, ModelFacts? model)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Method == "zero-shot")
        {
            // Nothing is trained: its preflight times a batch of an evaluation.
            return 2 * Weights(model) * Tokens(settings, meanTokens) * settings.EvaluationBatchSize;
        }

        var tokens = (double)settings.BatchSize * settings.Accumulation * Tokens(settings, meanTokens);
        return (tokens * PerToken(settings, model)) + (OptimizerPerParameter * Trainable(settings, model));
    }

    /// <summary>Cost of the whole trial: its steps and its evaluations.</summary>
    public static double OfTrial(
        TrialSettings settings, long steps, long evaluations, int validationRows, double? meanTokens, ModelFacts? model)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var evaluation = 2 * Weights(model) * Tokens(settings, meanTokens) * validationRows * evaluations;
        return (steps * OfStep(settings, meanTokens, model)) + evaluation;
    }

    /// <summary>What the memory of one micro-batch at full length grows with: activations kept, and four numbers a trainable weight.</summary>
    public static double OfMemory(TrialSettings settings, ModelFacts? model)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Method == "zero-shot")
        {
            return (double)settings.EvaluationBatchSize * settings.MaxLength * (model?.HiddenSize ?? UnknownHidden) * 16;
        }

        var layers = model?.Layers ?? UnknownLayers;
        var kept = 1 + (layers * Unfrozen(settings, model));
        var activations = (double)settings.BatchSize * settings.MaxLength * (model?.HiddenSize ?? UnknownHidden) * 16 * kept;
        return activations + (4 * Trainable(settings, model));
    }

    // Reading and writing weight, gradient and two moments weighs about as much as so many operations.
    private const double OptimizerPerParameter = 32;

    private static double PerToken(TrialSettings settings, ModelFacts? model)
    {
        var weights = Weights(model);
        var unfrozen = weights * Unfrozen(settings, model);
        return settings.Method switch
        {
            "full" => (2 * weights) + (4 * unfrozen),
            "head-only" => 2 * weights,

            // Gradients pass through every block, and no weight of theirs is trained.
            "prefix" or "prompt" => 4 * weights,
            _ => (2 * weights) + (2 * unfrozen) + (6 * Trainable(settings, model)),
        };
    }

    private static double Trainable(TrialSettings settings, ModelFacts? model)
    {
        var unfrozen = Unfrozen(settings, model);
        double hidden = model?.HiddenSize ?? UnknownHidden;
        double layers = model?.Layers ?? UnknownLayers;
        switch (settings.Method)
        {
            case "prefix":
                return settings.VirtualTokens * 2 * hidden * layers;
            case "prompt":
                return settings.VirtualTokens * hidden;
            case "ia3":
                return hidden * MapsInBlock * layers * unfrozen;
            case "head-only":
                return settings.Data.Labels.Count * hidden;
            case not "full":
                return (settings.Rank ?? 0) * 2 * hidden * MapsInBlock * layers * unfrozen;
        }

        return (Weights(model) * unfrozen) + (settings.FrozenLayers == 0 ? model?.EmbeddingParameters ?? 0 : 0);
    }

    private static double Weights(ModelFacts? model) => model is null
        ? 12.0 * UnknownHidden * UnknownHidden * UnknownLayers
        : Math.Max(1, model.Parameters - model.EmbeddingParameters);

    private static double Unfrozen(TrialSettings settings, ModelFacts? model)
    {
        var layers = Math.Max(1, model?.Layers ?? UnknownLayers);
        return Math.Max(0, layers - settings.FrozenLayers) / (double)layers;
    }

    private static double Tokens(TrialSettings settings, double? meanTokens) =>
        Math.Max(1, Math.Min(settings.MaxLength, meanTokens ?? settings.MaxLength));
}
