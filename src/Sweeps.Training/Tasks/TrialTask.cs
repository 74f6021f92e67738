using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;
using Sweeps.Training.Metrics;
using Sweeps.Training.Recipes;

namespace Sweeps.Training.Tasks;

/// <summary>Puts the training rows of a trial under its head and in its order.</summary>
internal static class TrialTask
{
    /// <summary>The task of a trial.</summary>
    /// <exception cref="TrainingException">The class weights do not fit the labels.</exception>
    public static ITrainingTask Of(TrialModel model, TrialSettings settings, EncodedSplit rows, TextEncoding encoding)
    {
        try
        {
            var objective = new ClassLoss
            {
                ClassWeights = ClassWeighting.Resolve(settings, rows.Count(encoding.Labels.Count), rows.Rows.Length),
                LabelSmoothing = settings.LabelSmoothing,
                FocalGamma = settings.FocalGamma,
            };
            if (model.Head is GenerateHead generate)
            {
                return Writing(model.Body, generate, rows, encoding, objective);
            }

            model.Head.Objective = objective;
            return new ClassifierTask(model.Body, model.Head, encoding.Prompts(rows, model.Body, model.Head), encoding.PadId);
        }
        catch (ArgumentException error)
        {
            throw new TrainingException(FailureClass.BadSpec, error.Message, error);
        }
    }

    /// <summary>The order of a trial's rows.</summary>
    public static IRowOrder Order(ITrainingTask task, TrialSettings settings) => new EpochOrder(
        task.Lengths, settings.BatchSize, settings.Accumulation, settings.Seed, settings.GroupByLength);

    /// <summary>Rows whose labels are written: after the prompt, or by the decoder that reads it. Only labels are graded.</summary>
    public static ITrainingTask Writing(
        Transformer model, GenerateHead head, EncodedSplit rows, TextEncoding encoding, ClassLoss? objective = null)
    {
        if (model is EncoderDecoder pair)
        {
            return new SequenceTask(
                pair,
                [.. rows.Rows.Select((text, row) => new AnsweredRow(text, [.. head.Answer(rows.Label(row))], rows.Label(row)))],
                encoding.PadId,
                objective);
        }

        return new LanguageTask(
            model,
            [.. rows.Rows.Select((prompt, row) =>
                GradedRow.Of(encoding.Prompt(prompt, model, head), head.Answer(rows.Label(row)), rows.Label(row)))],
            encoding.PadId,
            objective);
    }
}
