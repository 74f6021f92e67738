using System.Diagnostics;
using Sweeps.Core.Faults;
using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Models.Optim;
using Sweeps.Training.Batches;
using Sweeps.Training.Checkpoints;
using Sweeps.Training.Curves;
using Sweeps.Training.Evaluation;
using Sweeps.Training.Inputs;
using Sweeps.Training.Metrics;
using Sweeps.Training.Schedules;

namespace Sweeps.Training.Recipes;

/// <summary>
/// Trains one trial: setup, train, save, cleanup. Everything that a step computes is a function of (seed, step) and of the
/// weights before it, so that a run resumed from a checkpoint makes the steps of the undisturbed one, bit for bit.
/// </summary>
internal sealed class TrainRecipe(JobAssignment assignment, TrainerSession session, IAttemptLink link, TimeProvider time) : IDisposable
{
    private readonly Pace _pace = new();
    private readonly List<OfferedPoint> _points = [];
    private AttemptContext _context = null!;
    private TrialSettings _settings = null!;
    private Objective _objective = null!;
    private EncodedSplit _train = null!;
    private EncodedSplit _validation = null!;
    private TrialModel _model = null!;
    private TrainStep _stepper = null!;
    private AdamW _optimizer = null!;
    private LearningRateSchedule _schedule = null!;
    private CheckpointSnapshot _snapshot = null!;
    private CheckpointWriter _writer = null!;
    private CurveFile _curve = null!;
    private ReplayCheck _replay = null!;
    private CheckpointState _state = null!;
    private int _resumedFrom;
    private int _stepsPerEpoch;
    private int _totalSteps;
    private int _stride;
    private int? _submittedStep;
    private long _lastCheckpoint;
    private double _secondsBefore;
    private double _standstill;

    /// <summary>Runs the attempt.</summary>
    /// <returns>The frame that ends it: <see cref="DoneFrame"/> or <see cref="ReleasedFrame"/>.</returns>
    /// <exception cref="TrainingException">It failed for a reason that has a class.</exception>
    public Frame Run()
    {
        try
        {
            Setup();
            return Train();
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Loads data, model and the newest checkpoint that verifies.</summary>
    private void Setup()
    {
        _context = AttemptContext.Prepare(assignment, link, session);
        _settings = _context.Settings;
        _objective = new Objective(_settings.Metric, assignment.Maximize);
        (_train, _validation) = session.TrainingRows(assignment, _settings, _context.Encoding, () => link.Beat("tokenise"));
        _model = _context.BuildModel();
        _stepper = TrainStep.Create(_model, _settings, _train, _context.Encoding);
        _optimizer = new AdamW(_model.Trainable, new AdamWOptions { WeightDecay = _settings.WeightDecay });
        _stepsPerEpoch = EpochPlan.StepsPerEpoch(_train.Rows.Length, _settings.BatchSize, _settings.Accumulation);
        _totalSteps = checked(_stepsPerEpoch * _settings.Epochs);
        _stride = PointThinner.Stride(_totalSteps);
        _schedule = new LearningRateSchedule(_settings.Schedule, _settings.LearningRate, _settings.Warmup, _totalSteps);

        var machine = MachineFacts.Describe();
        _state = new Resumption(assignment, link, machine).Restore(_model, _optimizer);
        (_resumedFrom, _secondsBefore, _lastCheckpoint) = (_state.Step, _state.Seconds, time.GetTimestamp());
        DurableFiles.CreateDirectory(assignment.Directory);
        _snapshot = new CheckpointSnapshot(_model.Trainable, _optimizer);
        _writer = new CheckpointWriter(assignment.Directory, link, _snapshot, _state.BestWeightsSha256);
        _curve = CurveFile.Create(assignment.Directory, machine);
        _replay = new ReplayCheck(assignment.FormerDirectories, machine);
        Report(null);
    }

    /// <summary>Steps to the end, or to where the worker wants it to stop.</summary>
    private Frame Train()
    {
        while (_state.Step < _totalSteps)
        {
            if (Interrupted() is { } released)
            {
                return released;
            }

            CrashPoint.Hit("trainer-step");
            Step();
            var ended = _state.Step % _stepsPerEpoch == 0;
            if (ended ? !SaveEvaluated() : !SaveWhenDue())
            {
                return Release();
            }
        }

        return Finish();
    }

    private void Step()
    {
        var started = Stopwatch.GetTimestamp();
        var step = _state.Step;
        var rate = _schedule.At(step);
        var (loss, norm, tokens) = _stepper.Run(step, _stepsPerEpoch, () => link.Beat("step"));
        _optimizer.Step(rate);
        _optimizer.ZeroGradients();
        _state = _state with
        {
            Step = step + 1,
            Epoch = (step + 1) / _stepsPerEpoch,
            MeanLoss = _state.MeanLoss is { } mean ? (0.98 * mean) + (0.02 * loss) : loss,
        };
        var point = new CurvePoint(step + 1, loss, rate, norm);
        Keep(point);
        _pace.Step(started, tokens);
        Report(point);
    }

    private void Keep(CurvePoint point)
    {
        if (_replay.Compare(point) is { } differs)
        {
            link.Send(differs);
        }

        try
        {
            _curve.Append(point);
        }
        catch (IOException error) when (DurableFiles.IsDiskFull(error))
        {
            // The curve is a witness, not a result: a line that found no space is missing from it, and training goes on.
        }

        if (point.Step % _stride == 0)
        {
            _points.Add(new OfferedPoint(point.Step, point.Loss, point.LearningRate, point.GradientNorm));
        }
    }

    /// <summary>A periodic checkpoint, skipped while one is open. False: the attempt is over.</summary>
    private bool SaveWhenDue()
    {
        var byStep = _settings.CheckpointSteps > 0 && _state.Step % _settings.CheckpointSteps == 0;
        return !(byStep || IsDueByTime()) || !_writer.IsIdle || Save(Patience.Once, null, isBest: false);
    }

    /// <summary>
    /// By time, checkpoints are kept rare enough to cost little: standing still at most 1 % of the time, the writer's CPU at
    /// most 3 % of a core. That stretches the interval for large models only.
    /// </summary>
    private bool IsDueByTime()
    {
        const double Standstills = 100, Writes = 33;
        var interval = Math.Max(_settings.CheckpointSeconds, Math.Max(Standstills * _standstill, Writes * _writer.CpuSeconds));
        return _settings.CheckpointSeconds > 0 && time.GetElapsedTime(_lastCheckpoint).TotalSeconds >= interval;
    }

    /// <summary>Scores the validation rows and saves; the last one is the job's final checkpoint. False: the attempt is over.</summary>
    private bool SaveEvaluated()
    {
        var started = Stopwatch.GetTimestamp();
        var evaluation = Evaluator.Score(
            _model, _validation, "validation", _context.Encoding.Labels, _settings.EvaluationBatchSize, _context.Encoding.PadId, _state.Step, _ => MayGoOn("evaluate"));
        _pace.Work(started);
        if (evaluation is null)
        {
            return false;
        }

        var value = _objective.Of(evaluation);
        var isBest = _objective.IsBetter(value, _state.BestValue);
        if (isBest)
        {
            _state = _state with { BestValue = value, BestStep = _state.Step };
        }

        return Save(Patience.UntilWritten, evaluation, isBest);
    }

    /// <summary>Copies weights and optimiser and hands them to the writer. False: the attempt is over.</summary>
    private bool Save(Patience patience, OfferedEvaluation? evaluation, bool isBest)
    {
        var started = Stopwatch.GetTimestamp();
        if (!_writer.WaitForBuffer())
        {
            return false;
        }

        var copying = Stopwatch.GetTimestamp();
        _snapshot.Take(_model.Trainable, _optimizer);
        _standstill = Stopwatch.GetElapsedTime(copying).TotalSeconds;
        var (seconds, median) = _pace.Take();
        _writer.Submit(new CheckpointRequest
        {
            State = _state with { Seconds = _secondsBefore + _pace.Total },
            IsBest = isBest,
            IsFinal = _state.Step == _totalSteps,
            Patience = patience,
            Evaluations = evaluation is null ? [] : [evaluation],
            Points = [.. _points],
            Seconds = seconds,
            TotalSteps = _totalSteps,
            TrainableParameters = _model.Method.TrainableCount,
            TotalParameters = _model.TotalParameters,
            StepSeconds = median,
            StandstillSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
        });
        _points.Clear();
        _submittedStep = _state.Step;
        _lastCheckpoint = time.GetTimestamp();
        return true;
    }

    /// <summary>Waits until the final checkpoint is durable and offered. A job whose final one was committed before is done at once.</summary>
    private Frame Finish()
    {
        if (_resumedFrom == _totalSteps)
        {
            return new DoneFrame(_state.WeightsSha256, _state.BestWeightsSha256);
        }

        return _writer.Drain() && _writer.FinalWeightsSha256 is { } final
            ? new DoneFrame(final, _writer.BestWeightsSha256)
            : Release();
    }

    /// <summary>What the worker wants between two steps; null to go on.</summary>
    private ReleasedFrame? Interrupted()
    {
        if (!MayGoOn("step"))
        {
            return Release();
        }

        if (link.Command != TrainerCommand.Checkpoint)
        {
            return null;
        }

        _writer.GiveUpOnFullDisk();
        var settled = _writer.Drain();
        var lost = _submittedStep is { } submitted && _writer.CommittedStep != submitted;
        var isNew = _state.Step > (_submittedStep ?? _resumedFrom);
        // What was lost to a full disk is made again from the last committed checkpoint: a newer one would leave a gap.
        if (settled && !lost && isNew && Save(Patience.Once, null, isBest: false))
        {
            _writer.Drain();
        }

        return Release();
    }

    /// <summary>Whether to go on; waits while the worker is not heard.</summary>
    private bool MayGoOn(string phase)
    {
        link.Beat(phase);
        while (link.IsUnheard && link.Command != TrainerCommand.Abandon)
        {
            link.Beat("wait");
            link.WaitChange(TimeSpan.FromSeconds(1));
        }

        return link.Command != TrainerCommand.Abandon && !_writer.IsRefused;
    }

    private ReleasedFrame Release() => new(_writer.CommittedStep ?? _resumedFrom);

    private void Report(CurvePoint? point) => link.Progress(new ProgressFrame
    {
        Step = _state.Step,
        TotalSteps = _totalSteps,
        ResumedFrom = _resumedFrom,
        Epoch = (double)_state.Step / _stepsPerEpoch,
        Loss = point?.Loss,
        LearningRate = point?.LearningRate,
        TokensPerSecond = _pace.TokensPerSecond,
        StepSeconds = _pace.StepSeconds,
        Phase = point is null ? "load" : "step",
        TrainableParameters = _model.Method.TrainableCount,
        TotalParameters = _model.TotalParameters,
    });

    /// <summary>Frees tensors, files and the writer's thread. Safe after a failed setup.</summary>
    public void Dispose()
    {
        _writer?.Dispose();
        _curve?.Dispose();
        _snapshot?.Dispose();
        _optimizer?.Dispose();
        _stepper?.Dispose();
        _model?.Dispose();
    }
}
