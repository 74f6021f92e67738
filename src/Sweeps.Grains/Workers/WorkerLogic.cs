using Microsoft.Extensions.Logging;
using Sweeps.Abstractions;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Grains.Logic;

namespace Sweeps.Grains.Workers;

/// <summary>The record of a worker, without Orleans: its incarnation is a row, everything else is what it last said.</summary>
internal sealed class WorkerLogic
{
    /// <summary>A worker waits so long for a nudge.</summary>
    public static readonly TimeSpan NudgeWait = TimeSpan.FromSeconds(10);

    private const int MissingBeats = 2;

    private readonly string _name;
    private readonly ILedger _ledger;
    private readonly IWorkerPeers _peers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Serial _serial;
    private readonly int _silentTicks;
    private readonly Dictionary<(JobId Job, int Attempt), int> _grants = [];
    private readonly HashSet<JobId> _nudges = [];

    private WorkerRow? _row;
    private (string Token, long Incarnation)? _registered;
    private WorkerBeat? _beat;
    private int _silent;
    private TaskCompletionSource<Nudge>? _nudged;
    private long _nudgedSince;

    public WorkerLogic(
        string name, ILedger ledger, IWorkerPeers peers, LeaseOptions options, TimeProvider time, ILogger logger)
    {
        _name = name;
        _ledger = ledger;
        _peers = peers;
        _time = time;
        _logger = logger;
        _silentTicks = (int)Math.Ceiling(options.Lease / options.Tick);
        _serial = new Serial($"worker {name}", () => _row = null, logger);
    }

    /// <summary>Raises the incarnation by one commit; the same token gets the same one.</summary>
    public async Task<long> RegisterAsync(WorkerRegistration registration)
    {
        var (incarnation, former) = await _serial.RunAsync(async () =>
        {
            var row = await LoadAsync();
            if (row is not null && _registered is { } known && known == (registration.Token, row.Incarnation))
            {
                return (row.Incarnation, 0L);
            }

            var next = new WorkerRow
            {
                Name = _name,
                Version = row?.Version ?? 0,
                Incarnation = (row?.Incarnation ?? 0) + 1,
                Host = registration.Host,
                ProcessId = registration.ProcessId,
                Slots = registration.Slots,
                Machine = registration.Machine,
                Devices = registration.Devices,
                RegisteredAt = _time.GetUtcNow().ToUnixTimeMilliseconds(),
            };
            var happened = new EventRow
            {
                At = next.RegisteredAt,
                Kind = "worker-registered",
                Message = $"worker {_name} on {registration.Host}: incarnation {next.Incarnation}, {registration.Slots} slots",
            };
            var result = await _ledger.CommitAsync(new LedgerCommit("register", [next, happened]));
            if (!result.Accepted)
            {
                throw new StaleVersionException($"the registration was refused: {result.Conflict}");
            }

            _row = next with { Version = next.Version + 1, Change = result.Change };
            _registered = (registration.Token, next.Incarnation);
            _beat = null;
            _silent = 0;
            _grants.Clear();
            _nudges.Clear();
            return (next.Incarnation, next.Incarnation - 1);
        });

        if (former > 0)
        {
            await TellEndAsync(former);
        }

        return incarnation;
    }

    /// <summary>The worker lives. A grant that is missing from two beats in a row is released.</summary>
    public async Task<WorkerBeatAnswer> BeatAsync(WorkerBeat beat)
    {
        var row = _row is { } known && known.Incarnation >= beat.Incarnation
            ? known
            : await _serial.RunAsync(() => LoadAsync(again: true));
        if (row is null || row.Incarnation != beat.Incarnation)
        {
            return new WorkerBeatAnswer(false);
        }

        _silent = 0;
        _beat = beat;
        var held = beat.Held.Select(h => (h.Job, h.Attempt)).ToHashSet();
        foreach (var grant in _grants.Keys.ToArray())
        {
            if (held.Contains(grant))
            {
                _grants[grant] = 0;
            }
            else if (++_grants[grant] >= MissingBeats)
            {
                _grants.Remove(grant);
                _peers.Disown(grant.Job, grant.Attempt);
            }
        }

        foreach (var grant in held)
        {
            _grants.TryAdd(grant, 0);
        }

        return new WorkerBeatAnswer(true);
    }

    /// <summary>A slot was granted a job.</summary>
    public void Granted(HeldJob grant, long incarnation)
    {
        if (_row is { } row && row.Incarnation == incarnation)
        {
            _grants.TryAdd((grant.Job, grant.Attempt), 0);
        }
    }

    /// <summary>Waits for wishes that concern jobs of this worker; empty after <see cref="NudgeWait"/>.</summary>
    public async Task<Nudge> WaitForNudgeAsync(long incarnation)
    {
        var row = _row ?? await _serial.RunAsync(() => LoadAsync());
        if (row is null || row.Incarnation != incarnation)
        {
            return new Nudge([]);
        }

        if (_nudges.Count > 0)
        {
            return TakeNudges();
        }

        _nudged?.TrySetResult(new Nudge([]));
        var waiting = new TaskCompletionSource<Nudge>(TaskCreationOptions.RunContinuationsAsynchronously);
        (_nudged, _nudgedSince) = (waiting, _time.GetTimestamp());
        return await waiting.Task;
    }

    /// <summary>A wish concerns a job that the incarnation holds.</summary>
    public void Nudge(JobId job, long incarnation)
    {
        if (_row is { } row && row.Incarnation != incarnation)
        {
            return;
        }

        _nudges.Add(job);
        if (_nudged is { } waiting)
        {
            _nudged = null;
            waiting.TrySetResult(TakeNudges());
        }
    }

    /// <summary>The worker drains: it waits for nudges no longer.</summary>
    public void Leave(long incarnation)
    {
        if (_row is { } row && row.Incarnation == incarnation && _nudged is { } waiting)
        {
            _nudged = null;
            waiting.TrySetResult(new Nudge([]));
        }
    }

    /// <summary>Every tick: notices a worker that stopped beating, and sends a waiting one away.</summary>
    public void Tick()
    {
        if (_nudged is { } waiting && _time.GetElapsedTime(_nudgedSince) >= NudgeWait)
        {
            _nudged = null;
            waiting.TrySetResult(new Nudge([]));
        }

        if (_beat is not null && ++_silent == _silentTicks)
        {
            _logger.LogWarning("worker {Name} has not been heard for a whole lease", _name);
            _beat = null;
        }
    }

    /// <summary>Membership declared the worker's silo dead: the leases of its current incarnation end.</summary>
    public async Task SiloDiedAsync()
    {
        if (await _serial.RunAsync(() => LoadAsync(again: true)) is { } row)
        {
            _beat = null;
            await TellEndAsync(row.Incarnation);
        }
    }

    /// <summary>What pages show; null while it is not heard.</summary>
    public LiveWorker? Live() => _row is { } row && _beat is { } beat
        ? new LiveWorker(
            _name, row.Incarnation, row.Slots, row.Machine ?? "", row.Devices ?? "", beat.Held, beat.Quarantined)
        : null;

    private async Task<WorkerRow?> LoadAsync(bool again = false)
    {
        if (_row is null || again)
        {
            _row = await _ledger.FindWorkerAsync(_name);
        }

        return _row;
    }

    private Nudge TakeNudges()
    {
        var jobs = _nudges.ToArray();
        _nudges.Clear();
        return new Nudge(jobs);
    }

    /// <summary>
    /// Tells the jobs that a former life holds. A hint that makes it faster: each pulse compares the rows anyway, so an
    /// error here is not one of the caller's.
    /// </summary>
    private async Task TellEndAsync(long incarnation)
    {
        try
        {
            foreach (var sweep in await _ledger.UnfinishedSweepsAsync())
            {
                foreach (var job in await _ledger.JobsAsync(sweep))
                {
                    if (job.State.IsHeld() && job.Worker == _name && job.Incarnation <= incarnation)
                    {
                        _peers.LifeEnded(job.Id, new WorkerLife(_name, job.Incarnation));
                    }
                }
            }
        }
        catch (Exception e)
        {
            _logger.LogWarning(e, "the jobs of a former life of {Name} are told by the next pulse", _name);
        }
    }
}
