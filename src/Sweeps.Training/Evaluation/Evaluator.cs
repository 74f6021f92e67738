using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Data.Metrics;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;

namespace Sweeps.Training.Evaluation;

/// <summary>
/// Scores a split: no dropout, rows by length. The loss is the mean over rows of the batches' mean losses, as in
/// transformers, with all classes counting the same, so that it can be compared between trials with different class
/// weights. Variants are computed from the scores of the plain decision: nothing is run for them but free decoding.
/// </summary>
/// <param name="decider">How the trial's head decides.</param>
/// <param name="settings">Batch size and variants.</param>
/// <param name="labels">The labels in order.</param>
/// <param name="train">Training rows, whose shares of labels a variant may ask for; null: none does.</param>
internal sealed class Evaluator(IDecider decider, TrialSettings settings, IReadOnlyList<string> labels, EncodedSplit? train)
{
    private readonly IReadOnlyList<VariantSettings> _variants = settings.Variants ?? [];
    private readonly double[]? _shares = train is null
        ? null
        : [.. train.Count(labels.Count).Select(count => (double)count / train.Rows.Length)];

    /// <summary>Whether variants need the training rows, or temperatures from the validation rows.</summary>
    public static bool NeedsOtherSplits(TrialSettings settings) =>
        settings.Variants?.Any(variant => variant.FitsTemperature || variant.AddLogPrior != 0) == true;

    /// <summary>Temperatures that were fitted on the validation rows, by variant.</summary>
    public Dictionary<string, double> Temperatures { get; } = new(StringComparer.Ordinal);

    /// <summary>Scores a split.</summary>
    /// <param name="split">The rows.</param>
    /// <param name="splitName"><c>validation</c> (temperatures are fitted on it) or <c>test</c>.</param>
    /// <param name="step">Optimiser steps done.</param>
    /// <param name="beat">Called before each batch with the number of batches done; false ends the scoring.</param>
    /// <returns>The plain metrics first, then those of each variant; null when it was ended.</returns>
    /// <exception cref="TrainingException">The scores are not numbers.</exception>
    public IReadOnlyList<OfferedEvaluation>? Score(EncodedSplit split, string splitName, int step, Func<int, bool> beat)
    {
        var rows = split.Rows.Length;
        var withScores = _variants.Any(variant => variant.UsesScores);
        var (predicted, loss, done) = (new int[rows], 0.0, 0);
        var scores = new float[withScores ? rows : 0][];
        var freed = _variants.Where(variant => variant.Constrained is not null).ToDictionary(variant => variant.Name, _ => new int[rows]);
        foreach (var batch in EpochPlan.Sorted(split.Lengths, settings.EvaluationBatchSize))
        {
            if (!beat(done++))
            {
                return null;
            }

            CollectorGate.Pass();
            var verdict = decider.Judge(split, batch, withScores);
            loss += verdict.Loss * batch.Length;
            for (var i = 0; i < batch.Length; i++)
            {
                predicted[batch[i]] = verdict.Predicted[i];
                if (withScores)
                {
                    scores[batch[i]] = verdict.Scores![i];
                }
            }

            DecideFreely(split, batch, verdict, freed);
        }

        loss /= rows;
        Require(loss, splitName, step);
        OfferedEvaluation Offer(string variant, double itsLoss, int[] itsLabels)
        {
            var metrics = ClassificationMetrics.Of(split.Labels, itsLabels, labels.Count);
            return new OfferedEvaluation(
                step,
                splitName,
                variant,
                itsLoss,
                metrics.Accuracy,
                metrics.MacroF1,
                labels.Select((name, index) => KeyValuePair.Create(name, metrics.F1[index])).ToDictionary(),
                metrics.Rows);
        }

        List<OfferedEvaluation> evaluations = [Offer(VariantSettings.Plain, loss, predicted)];
        foreach (var variant in _variants)
        {
            if (!variant.UsesScores)
            {
                evaluations.Add(Offer(variant.Name, loss, freed.GetValueOrDefault(variant.Name, predicted)));
                continue;
            }

            var changed = ScoreVariant.Apply(variant, scores, _shares, Temperature(variant, scores, split, splitName));
            evaluations.Add(Offer(variant.Name, ScoreVariant.Loss(changed, split.Labels), ScoreVariant.Decide(changed)));
        }

        return evaluations;
    }

    private static void Require(double loss, string splitName, int step)
    {
        if (!double.IsFinite(loss))
        {
            throw new TrainingException(
                FailureClass.NonFiniteLoss,
                $"the {splitName} loss at step {step} is {loss}: the weights have grown without bound. Lower the learning rate");
        }
    }

    private void DecideFreely(EncodedSplit split, int[] batch, BatchVerdict verdict, Dictionary<string, int[]> freed)
    {
        foreach (var variant in _variants.Where(variant => variant.Constrained is not null))
        {
            var decided = decider.Decide(split, batch, variant.Constrained!.Value) ?? verdict.Predicted;
            for (var i = 0; i < batch.Length; i++)
            {
                freed[variant.Name][batch[i]] = decided[i];
            }
        }
    }

    private double? Temperature(VariantSettings variant, float[][] scores, EncodedSplit split, string splitName)
    {
        if (!variant.FitsTemperature)
        {
            return null;
        }

        if (splitName == "validation")
        {
            Temperatures[variant.Name] = ScoreVariant.FitTemperature(
                ScoreVariant.Apply(variant, scores, _shares, 1), split.Labels);
        }

        return Temperatures[variant.Name];
    }
}
