using Sweeps.Core.Faults;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Checkpoints;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;

namespace Sweeps.Training.Evaluation;

/// <summary>Scores the best weights of the chosen trial on the test split, once, and offers the result. Writes nothing.</summary>
internal sealed class EvaluateRecipe(JobAssignment assignment, TrainerSession session, IAttemptLink link)
{
    /// <summary>Runs the attempt.</summary>
    /// <exception cref="TrainingException">No checkpoint can be read, or the data cannot be used.</exception>
    public Frame Run()
    {
        var context = AttemptContext.Prepare(assignment, link, session);
        var test = session.TestRows(assignment, context.Settings, context.Encoding, () => link.Beat("tokenise"));
        using var model = context.BuildModel();
        var state = Load(model);
        var evaluator = TrialDecider.Evaluator(model, context.Settings, context.Encoding, state.Variants ?? VariantFacts.None);
        var verdict = evaluator.Score(test, "test", state.Step, (done, batches) =>
        {
            if (done == batches / 2)
            {
                CrashPoint.Hit("evaluate-mid");
            }

            link.Progress(new ProgressFrame
            {
                Step = state.Step,
                TotalSteps = state.Step,
                Phase = "evaluate",
                PhaseShare = (double)done / batches,
            });
            return MayGoOn();
        });
        if (verdict is null)
        {
            return new ReleasedFrame(state.Step);
        }

        link.Send(new OfferFrame
        {
            Offer = 1,
            Evaluations = verdict.Evaluations,
            TrainableParameters = model.Method.TrainableCount,
            TotalParameters = model.TotalParameters,
            PeakMemoryBytes = MachineFacts.PeakMemoryBytes(),
        });
        return link.WaitAnswer(1, beat: true) == true ? new DoneFrame(null, null) : new ReleasedFrame(state.Step);
    }

    private bool MayGoOn()
    {
        link.Beat("evaluate");
        return link.Command is TrainerCommand.Continue or TrainerCommand.Exit;
    }

    private CheckpointState Load(TrialModel model)
    {
        foreach (var checkpoint in assignment.Checkpoints)
        {
            try
            {
                var loaded = CheckpointFolder.Read(checkpoint.Directory, checkpoint.Sha256, withOptimizer: false, () => link.Beat("load"));
                using var weights = SafetensorsFile.Open(Path.Combine(loaded.Path, CheckpointFolder.Weights));
                model.Restore(weights);
                return loaded.State;
            }
            catch (Exception error) when (error is InvalidDataException or SafetensorsException)
            {
                link.Send(new EventFrame(
                    "checkpoint-bad",
                    $"the weights of attempt {checkpoint.Attempt}, step {checkpoint.Step} cannot be used: {error.Message}",
                    new CheckpointName(checkpoint.Attempt, checkpoint.Step)));
            }
        }

        throw new TrainingException(FailureClass.BadData, "no checkpoint of the chosen trial can be read, so it cannot be scored");
    }
}
