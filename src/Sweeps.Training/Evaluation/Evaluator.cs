using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Data.Facts;
using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;
using Sweeps.Training.Metrics;
using Sweeps.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Evaluation;

/// <summary>
/// Scores a split: no dropout, rows by length. The loss is the mean cross-entropy over rows with all classes counting the
/// same, so that it can be compared between trials with different class weights.
/// </summary>
internal static class Evaluator
{
    /// <summary>Scores a split.</summary>
    /// <param name="model">The model.</param>
    /// <param name="split">The rows.</param>
    /// <param name="splitName"><c>validation</c> or <c>test</c>.</param>
    /// <param name="labels">The labels in order.</param>
    /// <param name="batchSize">Rows a batch.</param>
    /// <param name="padId">Id that fills short rows up.</param>
    /// <param name="step">Optimiser steps done.</param>
    /// <param name="beat">Called before each batch with the number of batches done; false ends the scoring.</param>
    /// <returns>The metrics; null when it was ended.</returns>
    /// <exception cref="TrainingException">The scores are not numbers.</exception>
    public static OfferedEvaluation? Score(
        TrialModel model, EncodedSplit split, string splitName, LabelSet labels, int batchSize, int padId, int step, Func<int, bool> beat)
    {
        var predicted = new int[split.Rows.Length];
        var loss = 0.0;
        var done = 0;
        foreach (var rows in EpochPlan.Sorted(split.Lengths, batchSize))
        {
            if (!beat(done++))
            {
                return null;
            }

            CollectorGate.Pass();
            loss += ScoreBatch(model, split, rows, padId, predicted);
        }

        loss /= predicted.Length;
        if (!double.IsFinite(loss))
        {
            throw new TrainingException(
                FailureClass.NonFiniteLoss,
                $"the {splitName} loss at step {step} is {loss}: the weights have grown without bound. Lower the learning rate");
        }

        var metrics = ClassificationMetrics.Of(split.Labels, predicted, labels.Count);
        return new OfferedEvaluation(
            step,
            splitName,
            "plain",
            loss,
            metrics.Accuracy,
            metrics.MacroF1,
            labels.Names.Select((name, index) => KeyValuePair.Create(name, metrics.F1[index])).ToDictionary(),
            metrics.Rows);
    }

    private static double ScoreBatch(TrialModel model, EncodedSplit split, int[] rows, int padId, int[] predicted)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = BatchBuilder.Pad([.. rows.Select(row => split.Rows[row])], padId);
        var logits = model.Logits(batch, DropoutContext.None);
        var targets = tensor(rows.Select(row => (long)split.Labels[row]).ToArray());
        var best = logits.argmax(1).data<long>().ToArray();
        for (var i = 0; i < rows.Length; i++)
        {
            predicted[rows[i]] = (int)best[i];
        }

        return nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.Sum).item<float>();
    }
}
