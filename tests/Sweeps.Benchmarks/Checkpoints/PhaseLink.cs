using System.Diagnostics;
using Sweeps.Benchmarks.Training;
using Sweeps.Core.Trainer;
using Sweeps.Training;

namespace Sweeps.Benchmarks.Checkpoints;

/// <summary>
/// The other end of an attempt: commits every checkpoint at once, deletes the one before, and divides the steps into
/// phases without and with checkpoints. After the last phase it abandons the attempt. Made on the training thread.
/// </summary>
/// <param name="clock">The attempt's clock; runs in phases with checkpoints only.</param>
/// <param name="phaseSeconds">Length of a phase; one with checkpoints goes on until its writes have ended.</param>
/// <param name="phases">How many; the first is without.</param>
/// <param name="interval">Of the checkpoints.</param>
/// <param name="cancellation">Abandons the attempt.</param>
internal sealed class PhaseLink(
    PausableClock clock, TimeSpan phaseSeconds, int phases, TimeSpan interval, CancellationToken cancellation) : IAttemptLink
{
    private const int WarmSteps = 3;
    private static readonly TimeSpan WarmTime = TimeSpan.FromSeconds(3);

    private readonly object _gate = new();
    private readonly int _trainingThread = Environment.CurrentManagedThreadId;
    private readonly List<Phase> _phases = [];
    private string? _former;
    private int _steps;
    private long _warmStart;
    private long _lastStep;
    private volatile bool _writing;
    private volatile bool _ended;

    /// <summary>The phases, the last of which may be under way.</summary>
    public IReadOnlyList<Phase> Phases => _phases;

    /// <summary>Whether all phases ran to their end; false when the rows ran out, it was cancelled or training failed.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Parameters of body and head.</summary>
    public long TotalParameters { get; private set; }

    /// <inheritdoc/>
    public TrainerCommand Command =>
        _ended || cancellation.IsCancellationRequested ? TrainerCommand.Abandon : TrainerCommand.Continue;

    /// <inheritdoc/>
    public bool IsUnheard => false;

    /// <inheritdoc/>
    public void Beat(string phase)
    {
        if (phase == "write" && Environment.CurrentManagedThreadId != _trainingThread)
        {
            _writing = true;
        }
        else if (phase == "evaluate")
        {
            // The end of an epoch: its evaluation and checkpoint belong to no phase.
            _ended = true;
        }
    }

    /// <inheritdoc/>
    public void Progress(ProgressFrame progress)
    {
        TotalParameters = progress.TotalParameters ?? TotalParameters;
        if (progress.Phase == "step")
        {
            StepEnded(Stopwatch.GetTimestamp());
        }
    }

    /// <inheritdoc/>
    public void Send(Frame frame)
    {
        switch (frame)
        {
            case OfferFrame { Checkpoint: { } checkpoint }:
                lock (_gate)
                {
                    _phases[^1].Checkpoints.Add(checkpoint);
                }

                break;
            case EventFrame happened:
                Console.Error.WriteLine($"{happened.Kind}: {happened.Message}");
                break;
        }
    }

    /// <inheritdoc/>
    public bool? WaitAnswer(long offer, bool beat)
    {
        string written;
        lock (_gate)
        {
            written = _phases[^1].Checkpoints[^1].Directory;
        }

        if (_former is not null)
        {
            Directory.Delete(_former, recursive: true);
        }

        _former = written;
        _writing = false;
        return true;
    }

    /// <inheritdoc/>
    public void WaitChange(TimeSpan atMost)
    {
        lock (_gate)
        {
            Monitor.Wait(_gate, atMost);
        }
    }

    /// <inheritdoc/>
    public void Wake()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }

    private void StepEnded(long now)
    {
        if (_ended)
        {
            return;
        }

        _steps++;
        if (_steps == 1)
        {
            _warmStart = now;
        }

        if (_phases.Count > 0)
        {
            Count(_phases[^1], now);
        }
        else if (_steps > WarmSteps && Stopwatch.GetElapsedTime(_warmStart, now) >= WarmTime)
        {
            Begin(now);
        }

        _lastStep = now;
    }

    private void Count(Phase phase, long now)
    {
        phase.Steps++;
        (phase.End, phase.ProcessorEnd) = (now, TrainerProcess.ThreadSeconds());
        var took = Stopwatch.GetElapsedTime(_lastStep, now);
        phase.Slowest = took > phase.Slowest ? took : phase.Slowest;
        if (Stopwatch.GetElapsedTime(phase.Start, now) < phaseSeconds)
        {
            return;
        }

        clock.Pause();
        if (_writing)
        {
            return;
        }

        if (_phases.Count == phases)
        {
            IsComplete = true;
            _ended = true;
        }
        else
        {
            Begin(now);
        }
    }

    private void Begin(long now)
    {
        var isOn = _phases.Count % 2 == 1;
        lock (_gate)
        {
            _phases.Add(new Phase(isOn) { Start = now, ProcessorStart = TrainerProcess.ThreadSeconds() });
        }

        if (isOn)
        {
            // Due in the middle of each interval: half of one has passed, and half remains after the last of the phase.
            if (_phases.Count == 2)
            {
                clock.Advance(interval / 2);
            }

            clock.Resume();
        }

        Console.Error.WriteLine($"phase {_phases.Count} of {phases}: checkpoints {(isOn ? "on" : "off")}");
    }
}
