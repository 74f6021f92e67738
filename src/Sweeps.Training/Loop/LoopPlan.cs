using Sweeps.Core.Spec;
using Sweeps.Training.Batches;

namespace Sweeps.Training.Loop;

/// <summary>How long a trial trains and after which steps it is evaluated.</summary>
/// <param name="StepsPerEpoch">Optimiser steps of an epoch.</param>
/// <param name="TotalSteps">Optimiser steps of the whole run: the horizon of the learning rate.</param>
/// <param name="EvaluateSteps">Evaluate after every so many steps; 0: after every epoch.</param>
internal sealed record LoopPlan(int StepsPerEpoch, int TotalSteps, int EvaluateSteps)
{
    /// <summary>The plan of a trial on so many training rows; zero-shot has no steps.</summary>
    public static LoopPlan Of(int rows, TrialSettings settings)
    {
        if (settings.Method == "zero-shot")
        {
            return new LoopPlan(1, 0, 0);
        }

        var stepsPerEpoch = EpochPlan.StepsPerEpoch(rows, settings.BatchSize, settings.Accumulation);
        var total = checked(stepsPerEpoch * settings.Epochs);
        return new LoopPlan(
            stepsPerEpoch, settings.MaxSteps > 0 ? Math.Min(total, settings.MaxSteps) : total, settings.EvaluateSteps);
    }

    /// <summary>Whether an evaluation follows when so many steps are done. The last step is always followed by one.</summary>
    public bool EvaluatesAfter(int steps) =>
        steps == TotalSteps || steps % (EvaluateSteps > 0 ? EvaluateSteps : StepsPerEpoch) == 0;
}
