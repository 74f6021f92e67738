using Sweeps.Core.Trainer;
using Sweeps.Models.Optim;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Checkpoints;

namespace Sweeps.Training.Recipes;

/// <summary>Puts a run back to its newest checkpoint that verifies; one that does not is told and passed over.</summary>
internal sealed class Resumption(JobAssignment assignment, IAttemptLink link, string machine)
{
    /// <summary>Restores weights and optimiser, into the memory that they live in already.</summary>
    /// <returns>Where the run goes on; step 0 without a usable checkpoint.</returns>
    public CheckpointState Restore(TrialModel model, AdamW optimizer)
    {
        foreach (var checkpoint in assignment.Checkpoints.Where(candidate => candidate.HasState))
        {
            try
            {
                var loaded = CheckpointFolder.Read(checkpoint.Directory, checkpoint.Sha256, withOptimizer: true, () => link.Beat("load"));
                var state = loaded.State;
                Load(loaded.Path, state, model, optimizer);
                Tell(checkpoint, state);
                return state;
            }
            catch (Exception error) when (error is InvalidDataException or SafetensorsException or ArgumentException)
            {
                link.Send(new EventFrame(
                    "checkpoint-bad",
                    $"the checkpoint of attempt {checkpoint.Attempt}, step {checkpoint.Step} cannot be used: {error.Message}. The one before it is used",
                    new CheckpointName(checkpoint.Attempt, checkpoint.Step)));
            }
        }

        return new CheckpointState { Step = 0, Epoch = 0, Machine = machine };
    }

    private static void Load(string path, CheckpointState state, TrialModel model, AdamW optimizer)
    {
        using var optimizerFile = SafetensorsFile.Open(Path.Combine(path, CheckpointFolder.Optimizer));
        using var weights = SafetensorsFile.Open(Path.Combine(path, CheckpointFolder.Weights));
        model.Restore(weights);
        optimizer.Restore(state.Step, name => optimizerFile.Read(name));
    }

    private void Tell(AssignedCheckpoint checkpoint, CheckpointState state)
    {
        var name = new CheckpointName(checkpoint.Attempt, checkpoint.Step);
        link.Send(new EventFrame("resumed", $"attempt {assignment.Attempt} goes on from step {state.Step}, saved by attempt {checkpoint.Attempt}", name));
        if (state.Machine != machine)
        {
            link.Send(new EventFrame(
                "machine-differs",
                $"the checkpoint was made on '{state.Machine}', this is '{machine}': training goes on, but equal bits are not promised",
                name));
        }
    }
}
