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
/// <param name="facts">What variants know besides scores: of the training rows, or of the checkpoint.</param>
internal sealed class Evaluator(IDecider decider, TrialSettings settings, IReadOnlyList<string> labels, VariantFacts facts)
{
    private readonly IReadOnlyList<VariantSettings> _variants = settings.Variants ?? [];
    private readonly IScoreRule _rule = IScoreRule.Of(settings);

    /// <summary>What variants know besides scores; temperatures are fitted whenever the validation rows are scored.</summary>
    public VariantFacts Facts { get; private set; } = facts;

    /// <summary>What variants can know before the first validation.</summary>
    /// <param name="settings">The variants.</param>
    /// <param name="train">The training rows.</param>
    /// <param name="classes">Number of labels.</param>
    public static VariantFacts FactsOf(TrialSettings settings, EncodedSplit train, int classes) =>
        settings.Variants?.Any(variant => variant.AddLogPrior != 0) == true
            ? new VariantFacts { Priors = [.. train.Count(classes).Select(count => IScoreRule.Of(settings).Prior(count, train.Rows.Length))] }
            : VariantFacts.None;

    /// <summary>Scores a split.</summary>
    /// <param name="split">The rows.</param>
    /// <param name="splitName"><c>validation</c> (temperatures are fitted on it) or <c>test</c>.</param>
    /// <param name="step">Optimiser steps done.</param>
    /// <param name="beat">Called before each batch with the number of batches done and that of all; false ends the scoring.</param>
    /// <returns>Null when it was ended.</returns>
    /// <exception cref="TrainingException">The scores are not numbers, or a temperature is asked for that was never fitted.</exception>
    public SplitVerdict? Score(EncodedSplit split, string splitName, int step, Func<int, int, bool> beat)
    {
        var rows = split.Rows.Length;
        var withScores = _variants.Any(variant => variant.UsesScores);
        var (predicted, loss, done) = (new int[rows][], 0.0, 0);
        var scores = new float[withScores ? rows : 0][];
        var freed = _variants.Where(variant => variant.Constrained is not null).ToDictionary(variant => variant.Name, _ => new int[rows][]);
        var batches = EpochPlan.Sorted(split.Lengths, settings.EvaluationBatchSize);
        foreach (var batch in batches)
        {
            if (!beat(done++, batches.Length))
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
        OfferedEvaluation Offer(string variant, double itsLoss, int[][] itsLabels)
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
                metrics.Rows,
                settings.Data.IsMultiLabel ? metrics.MicroF1 : null);
        }

        List<int[][]> decided = [predicted];
        List<OfferedEvaluation> evaluations = [Offer(VariantSettings.Plain, loss, predicted)];
        foreach (var variant in _variants)
        {
            var itsLoss = loss;
            if (variant.UsesScores)
            {
                Fit(variant, scores, split, splitName);
                var changed = ScoreVariant.Apply(variant, scores, Facts);
                itsLoss = _rule.Loss(changed, split.Labels);
                decided.Add(_rule.Decide(changed));
            }
            else
            {
                decided.Add(freed.GetValueOrDefault(variant.Name, predicted));
            }

            evaluations.Add(Offer(variant.Name, itsLoss, decided[^1]));
        }

        return new SplitVerdict(evaluations, decided);
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

    private void DecideFreely(EncodedSplit split, int[] batch, BatchVerdict verdict, Dictionary<string, int[][]> freed)
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

    private void Fit(VariantSettings variant, float[][] scores, EncodedSplit split, string splitName)
    {
        if (variant.FitsTemperature && splitName == "validation")
        {
            var unscaled = ScoreVariant.Apply(variant with { FitsTemperature = false }, scores, Facts);
            Facts = Facts with
            {
                Temperatures = new Dictionary<string, double>(Facts.Temperatures, StringComparer.Ordinal)
                {
                    [variant.Name] = _rule.FitTemperature(unscaled, split.Labels),
                },
            };
        }
    }
}
