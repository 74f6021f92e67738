using System.Diagnostics;
using Sweeps.Core.Faults;
using Sweeps.Core.Trainer;

namespace Sweeps.Training.Checkpoints;

/// <summary>
/// Writes checkpoints on a thread of its own, offers each, and waits for the answer before it takes the next. The training
/// thread waits for it only when it needs the buffer and a write is under way.
/// </summary>
internal sealed class CheckpointWriter : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly object _gate = new();
    private readonly string _attempt;
    private readonly IAttemptLink _link;
    private readonly CheckpointSnapshot _snapshot;
    private readonly Thread _thread;
    private CheckpointRequest? _pending;
    private CheckpointRequest? _carried;
    private bool _writing;
    private bool _answering;
    private bool _stopping;
    private bool _givingUp;
    private bool _diskWasFull;
    private Exception? _failure;
    private long _offers;

    /// <param name="attempt">Folder of the attempt; it is there.</param>
    /// <param name="link">To the worker.</param>
    /// <param name="snapshot">The buffer; the writer reads it, the training thread fills it while <see cref="HasBuffer"/>.</param>
    /// <param name="bestWeightsSha256">Hash of the best weights of the checkpoint that was resumed from.</param>
    public CheckpointWriter(string attempt, IAttemptLink link, CheckpointSnapshot snapshot, string? bestWeightsSha256)
    {
        _attempt = attempt;
        _link = link;
        _snapshot = snapshot;
        BestWeightsSha256 = bestWeightsSha256;
        _thread = new Thread(Run) { IsBackground = true, Name = "checkpoint-writer" };
        _thread.Start();
    }

    /// <summary>Whether nothing is being written or waits for its answer.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return _pending is null && !_writing && !_answering;
            }
        }
    }

    /// <summary>Whether the worker refused a checkpoint: the attempt is over.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>CPU seconds that the last write took (hashing, copying into the page cache).</summary>
    public double CpuSeconds { get; private set; }

    /// <summary>Step of the newest committed checkpoint; null before the first of this attempt.</summary>
    public int? CommittedStep { get; private set; }

    /// <summary>Hash of the weights of the final checkpoint once it is durable and offered; null before.</summary>
    public string? FinalWeightsSha256 { get; private set; }

    /// <summary>Hash of the best weights so far.</summary>
    public string? BestWeightsSha256 { get; private set; }

    /// <summary>Waits until the buffer may be filled. Called by the training thread, which beats meanwhile.</summary>
    /// <returns>False when the attempt was abandoned.</returns>
    public bool WaitForBuffer() => WaitFor(() => _pending is null && !_writing, "write");

    /// <summary>Waits until every request is answered, but for the final one, which is offered only.</summary>
    /// <returns>False when the attempt was abandoned.</returns>
    public bool Drain() => WaitFor(() => _pending is null && !_writing && !_answering, "wait");

    /// <summary>Hands the filled buffer over. Call after <see cref="WaitForBuffer"/> or when <see cref="IsIdle"/>.</summary>
    public void Submit(CheckpointRequest request)
    {
        lock (_gate)
        {
            _pending = request;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>A full disk is waited for no longer: what cannot be written now is not written.</summary>
    public void GiveUpOnFullDisk()
    {
        lock (_gate)
        {
            _givingUp = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Ends the thread after the write under way.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join();
    }

    private bool WaitFor(Func<bool> condition, string phase)
    {
        lock (_gate)
        {
            while (!condition() && _failure is null)
            {
                if (_link.Command == TrainerCommand.Abandon || IsRefused)
                {
                    return false;
                }

                _link.Beat(phase);
                Monitor.Wait(_gate, Second);
            }

            return _failure is null
                ? !IsRefused
                : throw new IOException($"a checkpoint could not be written to {_attempt}: {_failure.Message}", _failure);
        }
    }

    private void Run()
    {
        try
        {
            while (Next() is { } request)
            {
                Serve(request);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException or System.Runtime.InteropServices.ExternalException)
        {
            lock (_gate)
            {
                _failure = error;
                _writing = false;
                Monitor.PulseAll(_gate);
            }

            _link.Wake();
        }
    }

    private CheckpointRequest? Next()
    {
        lock (_gate)
        {
            while (_pending is null && !_stopping)
            {
                Monitor.Wait(_gate);
            }

            if (_stopping)
            {
                return null;
            }

            var request = _pending!.With(_carried);
            (_pending, _carried, _writing) = (null, null, true);
            return request;
        }
    }

    private void Serve(CheckpointRequest request)
    {
        var clock = Stopwatch.StartNew();
        var cpu = ThreadClock.Seconds();
        var written = Write(ref request);
        lock (_gate)
        {
            CpuSeconds = ThreadClock.Seconds() - cpu;
            _writing = false;
            _answering = written is not null;
            if (written is null)
            {
                // Its points and seconds go with the next one, so that none is lost.
                _carried = request;
            }

            Monitor.PulseAll(_gate);
        }

        if (written is not null)
        {
            Settle(request, written, clock.Elapsed.TotalSeconds);
        }
    }

    private void Settle(CheckpointRequest request, WrittenCheckpoint written, double writeSeconds)
    {
        _offers++;
        _link.Send(request.ToOffer(_offers, written, writeSeconds));

        // Nothing hangs on the answer to the last one: it is durable, and the worker reports it ahead of the end.
        bool? committed = null;
        if (!request.IsFinal)
        {
            committed = _link.WaitAnswer(_offers, beat: false);
        }

        if (committed == true)
        {
            CrashPoint.Hit("after-commit");
        }

        lock (_gate)
        {
            if (committed == true)
            {
                CommittedStep = request.State.Step;
            }
            else if (request.IsFinal)
            {
                FinalWeightsSha256 = written.Manifest.WeightsSha256;
            }
            else if (committed == false)
            {
                IsRefused = true;
            }

            _answering = false;
            Monitor.PulseAll(_gate);
        }

        _link.Wake();
    }

    private WrittenCheckpoint? Write(ref CheckpointRequest request)
    {
        var weightsSha256 = WeightsHash.Of(_snapshot.Weights);
        if (request.IsBest)
        {
            BestWeightsSha256 = weightsSha256;
        }

        request = request with
        {
            State = request.State with { WeightsSha256 = weightsSha256, BestWeightsSha256 = BestWeightsSha256 },
        };
        while (true)
        {
            try
            {
                var written = CheckpointFolder.Write(
                    _attempt, _snapshot, request.State, weightsSha256, request.IsFinal, () => _link.Beat("write"));
                _diskWasFull = false;
                return written;
            }
            catch (IOException error) when (DurableFiles.IsDiskFull(error))
            {
                TellDiskFull(request.State.Step);
                if (request.Patience == Patience.Once || !WaitASecond())
                {
                    return null;
                }
            }
        }
    }

    private void TellDiskFull(int step)
    {
        if (!_diskWasFull)
        {
            _diskWasFull = true;
            _link.Send(new EventFrame(
                "disk-full",
                $"no space for the checkpoint of step {step} in {_attempt}: training goes on, and it is tried again. Free some space"));
        }
    }

    private bool WaitASecond()
    {
        lock (_gate)
        {
            if (!_stopping && !_givingUp)
            {
                _link.Beat("write");
                Monitor.Wait(_gate, Second);
            }

            return !_stopping && !_givingUp && _link.Command != TrainerCommand.Abandon;
        }
    }
}
