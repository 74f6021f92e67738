using System.Diagnostics;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Data.Tokenizers;
using Sweeps.Models.Optim;
using Sweeps.Training.Batches;
using Sweeps.Training.Checkpoints;
using Sweeps.Training.Evaluation;
using Sweeps.Training.Inputs;
using Sweeps.Training.Loop;
using Sweeps.Training.Recipes;
using Sweeps.Training.Tasks;

namespace Sweeps.Training.Preflight;

/// <summary>
/// Proves in seconds that a setting runs: reads base and data, refuses a vocabulary that does not know the texts, makes the
/// step that needs the most memory and times ordinary ones. Writes nothing.
/// </summary>
internal sealed class PreflightRecipe(JobAssignment assignment, TrainerSession session, IAttemptLink link)
{
    private const int TimedSteps = 3;

    /// <summary>Runs the attempt.</summary>
    /// <exception cref="TrainingException">The setting does not work; the message says why.</exception>
    /// <exception cref="Data.DataException">The data cannot be used.</exception>
    public Frame Run()
    {
        var context = AttemptContext.Prepare(assignment, link, session);
        var settings = context.Settings;
        CheckVocabulary(context);
        var (train, _) = session.TrainingRows(assignment, settings, context.Encoding, () => link.Beat("tokenise"));
        using var model = context.BuildModel();
        using var task = TrialTask.Of(model, settings, train, context.Encoding);
        var order = TrialTask.Order(task, settings);
        var stepper = new TrainStep(model.Trainable, task, order, settings);
        using var optimizer = new AdamW(model.Trainable, new AdamWOptions { WeightDecay = settings.WeightDecay });
        // The buffers of a real run, so that the peak is that of a real run.
        using var snapshot = new CheckpointSnapshot(model.Trainable, optimizer);
        var plan = LoopPlan.Of(train.Rows.Length, settings);
        var seconds = settings.Method == "zero-shot"
            ? Judge(context, model, train)
            : MakeSteps(plan, task, order, stepper, optimizer);
        if (link.Command is TrainerCommand.Abandon or TrainerCommand.Checkpoint)
        {
            return new ReleasedFrame(0);
        }

        link.Send(new OfferFrame
        {
            Offer = 1,
            TotalSteps = plan.TotalSteps,
            StepSeconds = seconds,
            PeakMemoryBytes = MachineFacts.PeakMemoryBytes(),
            TrainableParameters = model.Method.TrainableCount,
            TotalParameters = model.TotalParameters,
        });
        return link.WaitAnswer(1, beat: true) == true ? new DoneFrame(null, null) : new ReleasedFrame(0);
    }

    /// <summary>Seconds of an ordinary step, after the one that needs the most memory.</summary>
    private double MakeSteps(LoopPlan plan, ITrainingTask task, IRowOrder order, TrainStep stepper, AdamW optimizer)
    {
        var groups = Enumerable.Range(0, plan.StepsPerEpoch).Select(order.Group)
            .OrderBy(group => group.Max(rows => rows.Max(row => task.Lengths[row]) * rows.Length)).ToList();
        MakeStep(stepper, optimizer, groups[^1], 0);
        var seconds = Enumerable.Range(1, TimedSteps)
            .Select(step => MakeStep(stepper, optimizer, groups[groups.Count / 2], step)).Order().ToList();
        return seconds[TimedSteps / 2];
    }

    /// <summary>Seconds of an ordinary batch of an evaluation, after the one that needs the most memory.</summary>
    private double Judge(AttemptContext context, TrialModel model, EncodedSplit train)
    {
        var decider = TrialDecider.Of(model, context.Encoding);
        var batches = EpochPlan.Sorted(train.Lengths, context.Settings.EvaluationBatchSize);
        link.Beat("evaluate");
        decider.Judge(train, batches[^1], withScores: false);
        link.Beat("evaluate");
        var started = Stopwatch.GetTimestamp();
        decider.Judge(train, batches[batches.Length / 2], withScores: false);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private double MakeStep(TrainStep stepper, AdamW optimizer, IReadOnlyList<int[]> group, int step)
    {
        var started = Stopwatch.GetTimestamp();
        stepper.Run(group, step, () => link.Beat("step"));
        optimizer.Step(0);
        optimizer.ZeroGradients();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private void CheckVocabulary(AttemptContext context)
    {
        var table = context.Encoding.Read(session.Files.Require(assignment, "train", () => link.Beat("load")), "train");
        link.Beat("tokenise");
        var unknown = context.Encoding.Unknown(table);
        if (unknown.Value > UnknownShare.Limit)
        {
            throw new TrainingException(
                FailureClass.BadData,
                FormattableString.Invariant(
                    $"the base model's vocabulary does not know {100 * unknown.Value:0.0} % of the training texts ({unknown.Unknown:N0} of {unknown.All:N0} tokens; the limit is {100 * UnknownShare.Limit:0} %). Choose a base made for such texts (base: PATH to a Hugging Face folder)"));
        }
    }
}
