using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;
using Sweeps.Training.Metrics;
using static TorchSharp.torch;

namespace Sweeps.Training.Recipes;

/// <summary>
/// Loss and clipped gradients of one optimiser step: a function of (seed, step) and the weights. The order of rows is
/// <see cref="EpochPlan"/>'s, dropout that of <see cref="DropoutContext"/>.
/// </summary>
internal sealed class TrainStep : IDisposable
{
    private readonly TrialModel _model;
    private readonly TrialSettings _settings;
    private readonly EncodedSplit _rows;
    private readonly StepLoss _loss;
    private readonly int _padId;
    private readonly ulong _dropoutSeed;
    private int[][] _plan = [];
    private int _planEpoch = -1;

    private TrainStep(TrialModel model, TrialSettings settings, EncodedSplit rows, StepLoss loss, int padId)
    {
        _model = model;
        _settings = settings;
        _rows = rows;
        _loss = loss;
        _padId = padId;
        _dropoutSeed = StableHash.Mix(StableHash.Of("dropout"), (ulong)(uint)settings.Seed);
    }

    /// <summary>Prepares the steps of a trial.</summary>
    /// <exception cref="TrainingException">The class weights do not fit the labels.</exception>
    public static TrainStep Create(TrialModel model, TrialSettings settings, EncodedSplit rows, TextEncoding encoding)
    {
        try
        {
            var weights = ClassWeighting.Resolve(settings, rows.Count(encoding.Labels.Count));
            return new TrainStep(model, settings, rows, new StepLoss(model, settings, weights), encoding.PadId);
        }
        catch (ArgumentException error)
        {
            throw new TrainingException(FailureClass.BadSpec, error.Message, error);
        }
    }

    /// <summary>Leaves the clipped gradients of a step in the trained weights.</summary>
    /// <param name="step">Step, from 0.</param>
    /// <param name="stepsPerEpoch">Optimiser steps an epoch.</param>
    /// <param name="beat">Called before each micro-batch.</param>
    /// <returns>Loss, gradient norm before clipping, and tokens read.</returns>
    /// <exception cref="TrainingException">Loss or gradient is not a finite number.</exception>
    public (double Loss, double GradientNorm, int Tokens) Run(int step, int stepsPerEpoch, Action beat)
    {
        var group = Group(step / stepsPerEpoch, step % stepsPerEpoch);
        return Run(group, step, beat);
    }

    /// <summary>The micro-batches of a step.</summary>
    public ArraySegment<int[]> Group(int epoch, int index)
    {
        if (_planEpoch != epoch)
        {
            _plan = EpochPlan.Of(_rows.Lengths, _settings.BatchSize, _settings.Seed, epoch);
            _planEpoch = epoch;
        }

        var start = index * _settings.Accumulation;
        return new ArraySegment<int[]>(_plan, start, Math.Min(_settings.Accumulation, _plan.Length - start));
    }

    /// <summary>As <see cref="Run(int, int, Action)"/>, for chosen micro-batches.</summary>
    public (double Loss, double GradientNorm, int Tokens) Run(IReadOnlyList<int[]> group, int step, Action beat)
    {
        var divisor = _loss.Weight(group.SelectMany(rows => rows).Select(row => _rows.Labels[row]));
        var (sum, tokens) = (0.0, 0);
        for (var micro = 0; micro < group.Count; micro++)
        {
            beat();
            CollectorGate.Pass();
            using var scope = NewDisposeScope();
            using var batch = BatchBuilder.Pad([.. group[micro].Select(row => _rows.Rows[row])], _padId);
            using var dropout = new DropoutContext(_dropoutSeed, step, micro);
            var loss = _loss.Of(batch, [.. group[micro].Select(row => (long)_rows.Labels[row])], dropout, divisor);
            loss.backward();
            sum += loss.item<float>();
            tokens += group[micro].Sum(row => _rows.Lengths[row]);
        }

        var norm = GradientClipping.Clip(_model.Trainable, _settings.Clip > 0 ? _settings.Clip : double.PositiveInfinity);
        return double.IsFinite(sum) && double.IsFinite(norm)
            ? (sum, norm, tokens)
            : throw new TrainingException(
                FailureClass.NonFiniteLoss,
                FormattableString.Invariant(
                    $"at step {step + 1} the loss is {sum} and the gradient norm {norm}. Lower the learning rate ({_settings.LearningRate:R}), or clip more"));
    }

    /// <inheritdoc/>
    public void Dispose() => _loss.Dispose();
}
