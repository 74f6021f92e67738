using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Models;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using Sweeps.Training.Batches;
using Sweeps.Training.Tasks;

namespace Sweeps.Training.Recipes;

/// <summary>
/// Loss and clipped gradients of one optimiser step: a function of (seed, step) and the weights. The order of rows is
/// <see cref="IRowOrder"/>'s, dropout that of <see cref="DropoutContext"/>.
/// </summary>
internal sealed class TrainStep
{
    private readonly IReadOnlyList<NamedParameter> _trainable;
    private readonly ITrainingTask _task;
    private readonly IRowOrder _order;
    private readonly TrialSettings _settings;
    private readonly ulong _dropoutSeed;

    /// <param name="trainable">The trained weights.</param>
    /// <param name="task">The rows and their loss.</param>
    /// <param name="order">Which rows make up a step.</param>
    /// <param name="settings">Seed, clipping, kind of mean.</param>
    public TrainStep(IReadOnlyList<NamedParameter> trainable, ITrainingTask task, IRowOrder order, TrialSettings settings)
    {
        (_trainable, _task, _order, _settings) = (trainable, task, order, settings);
        _dropoutSeed = StableHash.Mix(StableHash.Of("dropout"), (ulong)(uint)settings.Seed);
    }

    /// <summary>Leaves the clipped gradients of a step in the trained weights.</summary>
    /// <param name="step">Step, from 0.</param>
    /// <param name="beat">Called before each micro-batch.</param>
    /// <returns>Loss, gradient norm before clipping, and tokens read.</returns>
    /// <exception cref="TrainingException">Loss or gradient is not a finite number.</exception>
    public (double Loss, double GradientNorm, int Tokens) Run(int step, Action beat) => Run(_order.Group(step), step, beat);

    /// <summary>As <see cref="Run(int, Action)"/>, for chosen micro-batches.</summary>
    public (double Loss, double GradientNorm, int Tokens) Run(IReadOnlyList<int[]> group, int step, Action beat)
    {
        var all = group.Sum(rows => rows.Sum(_task.Weight));
        var (sum, tokens) = (0.0, 0);
        for (var micro = 0; micro < group.Count; micro++)
        {
            beat();
            CollectorGate.Pass();
            using var dropout = new DropoutContext(_dropoutSeed, step, micro);
            // A mean of means differs from one mean only where micro-batches of a step have different weights.
            var divisor = _settings.AccumulationMean == "batches" ? group[micro].Sum(_task.Weight) * group.Count : all;
            sum += _task.Backward(group[micro], dropout, divisor);
            tokens += group[micro].Sum(row => _task.Lengths[row]);
        }

        var norm = GradientClipping.Clip(_trainable, _settings.Clip > 0 ? _settings.Clip : double.PositiveInfinity);
        return double.IsFinite(sum) && double.IsFinite(norm)
            ? (sum, norm, tokens)
            : throw new TrainingException(FailureClass.NonFiniteLoss, Why(step, sum, norm));
    }

    /// <summary>Before the first update no learning rate has had a say: then it is what the trial began with.</summary>
    private string Why(int step, double loss, double norm) => FormattableString.Invariant(
        $"at step {step + 1} the loss is {loss} and the gradient norm {norm}. ") + (step == 0
            ? "No weight has been trained yet: the base model's weights hold numbers that are not finite (or too large for the precision); take another copy of it"
            : FormattableString.Invariant($"Lower the learning rate ({_settings.LearningRate:R}), or clip more"));
}
