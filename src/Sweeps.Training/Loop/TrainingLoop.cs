using Sweeps.Core.Spec;
using Sweeps.Models.Optim;
using Sweeps.Training.Checkpoints;
using Sweeps.Training.Curves;
using Sweeps.Training.Recipes;
using Sweeps.Training.Schedules;

namespace Sweeps.Training.Loop;

/// <summary>
/// The order of a run: gradients, clipping, optimiser, learning rate; after which steps it is evaluated; which evaluation is
/// the best so far; when it is over. Source: transformers' trainer.py. All that it remembers between steps is
/// <see cref="State"/>, so that a checkpoint of it is the whole of it.
/// </summary>
/// <param name="plan">Steps and evaluation points.</param>
/// <param name="stepper">Loss and gradients of a step.</param>
/// <param name="optimizer">Changes the weights.</param>
/// <param name="schedule">Learning rates.</param>
/// <param name="objective">What is better.</param>
/// <param name="stopping">When no more gain is expected.</param>
internal sealed class TrainingLoop(
    LoopPlan plan, TrainStep stepper, AdamW optimizer, LearningRateSchedule schedule, Objective objective, EarlyStopping stopping)
{
    /// <summary>Where the run stands. Whoever resumes it puts the checkpoint's here before the first step.</summary>
    public required CheckpointState State { get; set; }

    /// <summary>Whether no step is left. A run without steps is over when it was evaluated.</summary>
    public bool IsOver => State.Stopped || (State.Step >= plan.TotalSteps && plan.TotalSteps > 0);

    /// <summary>Steps of the run: all that are planned or, when it was stopped early, those made.</summary>
    public int TotalSteps => State.Stopped ? State.Step : plan.TotalSteps;

    /// <summary>Whether the step just made is followed by an evaluation.</summary>
    public bool IsEvaluationDue => plan.EvaluatesAfter(State.Step);

    /// <summary>Makes the next step.</summary>
    /// <param name="beat">Called before each micro-batch.</param>
    /// <returns>Its point of the curve, and the tokens that it read.</returns>
    /// <exception cref="TrainingException">Loss or gradient is not a finite number.</exception>
    public (CurvePoint Point, int Tokens) Step(Action beat)
    {
        var step = State.Step;
        var rate = schedule.At(step);
        var (loss, norm, tokens) = stepper.Run(step, beat);
        optimizer.Step(rate);
        optimizer.ZeroGradients();
        State = State with
        {
            Step = step + 1,
            Epoch = (step + 1) / plan.StepsPerEpoch,
            MeanLoss = State.MeanLoss is { } mean ? (0.98 * mean) + (0.02 * loss) : loss,
        };
        return (new CurvePoint(step + 1, loss, rate, norm), tokens);
    }

    /// <summary>Takes note of an evaluation of the weights as they are.</summary>
    /// <param name="value">The objective's value.</param>
    /// <returns>Whether it is the best so far.</returns>
    public bool Judge(double value)
    {
        var isBest = objective.IsBetter(value, State.BestValue);
        var withoutGain = stopping.Count(State.EvaluationsWithoutGain, value, State.BestValue, objective);
        State = State with
        {
            EvaluationsWithoutGain = withoutGain,
            Stopped = State.Stopped || stopping.Ends(withoutGain),
            BestValue = isBest ? value : State.BestValue,
            BestStep = isBest ? State.Step : State.BestStep,
        };
        return isBest;
    }
}
