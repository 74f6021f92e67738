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
using Sweeps.Training.Loop;
using Sweeps.Training.Schedules;
using Sweeps.Training.Tasks;

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
    private EncodedSplit _validation = null!;
    private TrialModel _model = null!;
    private ITrainingTask _task = null!;
    private Evaluator _evaluator = null!;
    private AdamW _optimizer = null!;
    private LoopPlan _plan = null!;
    private TrainingLoop _loop = null!;
    private CheckpointSnapshot _snapshot = null!;
    private CheckpointWriter _writer = null!;
    private CurveFile _curve = null!;
    private ReplayCheck _replay = null!;
    private CurvePoint? _last;
    private int _resumedFrom;
    private bool _wasOver;
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
        (var train, _validation) = session.TrainingRows(assignment, _settings, _context.Encoding, () => link.Beat("tokenise"));
        _model = _context.BuildModel();
        _task = TrialTask.Of(_model, _settings, train, _context.Encoding);
        _evaluator = TrialDecider.Evaluator(
            _model, _settings, _context.Encoding, Evaluator.FactsOf(_settings, train, _context.Encoding.Labels.Names.Count));
        _optimizer = new AdamW(_model.Trainable, new AdamWOptions { WeightDecay = _settings.WeightDecay });
        _plan = LoopPlan.Of(train.Rows.Length, _settings);
        _stride = PointThinner.Stride(_plan.TotalSteps);

        var machine = MachineFacts.Describe();
        var state = new Resumption(assignment, link, machine).Restore(_model, _optimizer);
        _loop = new TrainingLoop(
            _plan,
            new TrainStep(_model.Trainable, _task, TrialTask.Order(_task, _settings), _settings),
            _optimizer,
            LearningRateSchedule.Of(_settings, _plan.TotalSteps),
            _objective,
            new EarlyStopping(_settings.Patience, _settings.MinDelta))
        {
            State = state with { Examples = _context.Encoding.Examples is { Length: > 0 } examples ? examples : null },
        };
        (_resumedFrom, _wasOver, _secondsBefore, _lastCheckpoint) = (state.Step, _loop.IsOver, state.Seconds, time.GetTimestamp());
        DurableFiles.CreateDirectory(assignment.Directory);
        _snapshot = new CheckpointSnapshot(_model.Trainable, _optimizer);
        _writer = new CheckpointWriter(assignment.Directory, link, _snapshot, state.BestWeightsSha256);
        _curve = CurveFile.Create(assignment.Directory, machine);
        _replay = new ReplayCheck(assignment.FormerDirectories, machine);
        Report(null);
    }

    /// <summary>Steps to the end, or to where the worker wants it to stop.</summary>
    private Frame Train()
    {
        if (_plan.TotalSteps == 0 && !_wasOver && !EvaluateAsItIs())
        {
            return Release();
        }

        while (!_loop.IsOver)
        {
            if (Interrupted() is { } released)
            {
                return released;
            }

            CrashPoint.Hit("trainer-step");
            var started = Stopwatch.GetTimestamp();
            var (point, tokens) = _loop.Step(() => link.Beat("step"));
            Keep(point);
            _last = point;
            _pace.Step(started, tokens);
            Report(point);
            if (_loop.IsEvaluationDue ? !SaveEvaluated() : !SaveWhenDue())
            {
                return Release();
            }
        }

        return Finish();
    }

    /// <summary>The only evaluation of a trial without training. False: the attempt is over.</summary>
    private bool EvaluateAsItIs()
    {
        _loop.State = _loop.State with { Stopped = true };
        return MayGoOn("evaluate") && SaveEvaluated();
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
        var byStep = _settings.CheckpointSteps > 0 && _loop.State.Step % _settings.CheckpointSteps == 0;
        return !(byStep || IsDueByTime()) || !_writer.IsIdle || Save(Patience.Once, [], isBest: false);
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
        var verdict = _evaluator.Score(_validation, "validation", _loop.State.Step, (done, batches) =>
        {
            Report(_last, "evaluate", (double)done / batches);
            return MayGoOn("evaluate");
        });
        _pace.Work(started);
        if (verdict is null)
        {
            return false;
        }

        var isBest = _loop.Judge(Value(verdict.Evaluations));
        if (_settings.Variants is { Count: > 0 })
        {
            _loop.State = _loop.State with { Variants = _evaluator.Facts };
        }

        if (_loop.State.Stopped && _plan.TotalSteps > 0)
        {
            link.Send(new EventFrame(
                "early-stop",
                $"stopped at step {_loop.State.Step} of {_plan.TotalSteps}: {_loop.State.EvaluationsWithoutGain} evaluations in a row brought no gain; the best was at step {_loop.State.BestStep}"));
        }

        return Save(Patience.UntilWritten, verdict.Evaluations, isBest);
    }

    /// <summary>What the weights as they are are worth: the value of their best decision.</summary>
    private double Value(IReadOnlyList<OfferedEvaluation> decisions) =>
        _objective.Of(_objective.Best(decisions, e => e.Variant, _objective.Of)!)!.Value;

    /// <summary>Copies weights and optimiser and hands them to the writer. False: the attempt is over.</summary>
    private bool Save(Patience patience, IReadOnlyList<OfferedEvaluation> evaluations, bool isBest)
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
            State = _loop.State with { Seconds = _secondsBefore + _pace.Total },
            IsBest = isBest,
            IsFinal = _loop.IsOver,
            Patience = patience,
            Evaluations = evaluations,
            Points = [.. _points],
            Seconds = seconds,
            TotalSteps = _loop.TotalSteps,
            TrainableParameters = _model.Method.TrainableCount,
            TotalParameters = _model.TotalParameters,
            StepSeconds = median,
            StandstillSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
        });
        _points.Clear();
        _submittedStep = _loop.State.Step;
        _lastCheckpoint = time.GetTimestamp();
        return true;
    }

    /// <summary>Waits until the final checkpoint is durable and offered. A job whose final one was committed before is done at once.</summary>
    private Frame Finish()
    {
        if (_wasOver)
        {
            return new DoneFrame(_loop.State.WeightsSha256, _loop.State.BestWeightsSha256);
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
        var isNew = _loop.State.Step > (_submittedStep ?? _resumedFrom);
        // What was lost to a full disk is made again from the last committed checkpoint: a newer one would leave a gap.
        if (settled && !lost && isNew && Save(Patience.Once, [], isBest: false))
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

    private void Report(CurvePoint? point, string? phase = null, double? share = null) => link.Progress(new ProgressFrame
    {
        Step = _loop.State.Step,
        TotalSteps = _loop.TotalSteps,
        ResumedFrom = _resumedFrom,
        Epoch = (double)_loop.State.Step / _plan.StepsPerEpoch,
        Loss = point?.Loss,
        LearningRate = point?.LearningRate,
        TokensPerSecond = _pace.TokensPerSecond,
        StepSeconds = _pace.StepSeconds,
        Phase = phase ?? (point is null ? "load" : "step"),
        PhaseShare = share,
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
        _task?.Dispose();
        _model?.Dispose();
    }
}
