using Microsoft.Extensions.Logging;
using Sweeps.Abstractions;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Grains.Logic;

namespace Sweeps.Grains.Trials;

/// <summary>
/// One job and all its attempts, without Orleans: behaviour over the ledger's rows. What it remembers is a copy of rows,
/// which any error drops; only the lease's clock and the live progress are its own.
/// </summary>
/// <remarks>
/// Calls that write go one after the other through <see cref="Serial"/>; heartbeats and ticks do not wait for them.
/// A second activation of the same job is harmless: every commit compares the job's version.
/// </remarks>
internal sealed partial class TrialLogic
{
    /// <summary>A holder's heartbeats are served from memory no longer than this; then the rows are read again.</summary>
    public static readonly TimeSpan RereadEvery = TimeSpan.FromSeconds(5);

    private readonly JobId _job;
    private readonly ILedger _ledger;
    private readonly ISweepQueries _queries;
    private readonly ITrialPeers _peers;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly Serial _serial;
    private readonly LeaseClock _clock;

    private JobRecord? _record;
    private SweepRow? _sweep;
    private SweepFacts? _facts;
    private IReadOnlyList<InputRow>? _inputs;
    private ProgressFrame? _progress;
    private long _readAt;
    private long? _formerEndedAt;
    private int _formerOf;

    public TrialLogic(
        JobId job,
        ILedger ledger,
        ISweepQueries queries,
        ITrialPeers peers,
        LeaseOptions options,
        TimeProvider time,
        Random random,
        ILogger logger)
    {
        _job = job;
        _ledger = ledger;
        _queries = queries;
        _peers = peers;
        _time = time;
        _random = random;
        _logger = logger;
        _serial = new Serial(job.ToString(), Forget, logger);
        _clock = new LeaseClock(options, time);
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Whether the job is held, as far as is remembered; true while nothing is (the next tick reads the rows).</summary>
    public bool IsHeld => _record is not { } record || record.Job.State.IsHeld();

    /// <summary>What pages show.</summary>
    public LiveTrial Live()
    {
        if (_record is not { } record)
        {
            return new LiveTrial(_job, JobState.Queued, 0, null, null);
        }

        var job = record.Job;
        var held = job.State.IsHeld();
        return new LiveTrial(
            _job, job.State, job.Attempt, held ? $"{job.Worker}/{job.Slot}" : null, held ? _progress : null);
    }

    private void Forget()
    {
        _record = null;
        _sweep = null;
    }

    /// <summary>The rows, read when they are not remembered or <paramref name="again"/>; null when there is no such job.</summary>
    private async Task<JobRecord?> LoadAsync(bool again = false)
    {
        if (_record is { } known && _sweep is not null && !again)
        {
            return known;
        }

        var record = await _ledger.FindJobAsync(_job);
        var sweep = await _ledger.FindSweepAsync(_job.Sweep);
        if (record is null || sweep is null)
        {
            Forget();
            return null;
        }

        if (_record is { } before && before.Job.Attempt != record.Job.Attempt)
        {
            // Another activation granted it: what this one heard is of an older attempt.
            _progress = null;
            _clock.Heard();
        }

        _record = record;
        _sweep = sweep;
        _readAt = _time.GetTimestamp();
        return record;
    }

    private async Task<SweepRow> ReadSweepAsync()
    {
        _sweep = await _ledger.FindSweepAsync(_job.Sweep)
            ?? throw new InvalidDataException($"the ledger has no sweep {_job.Sweep}");
        return _sweep;
    }

    private SweepFacts Facts(SweepRow sweep) => _facts ??= SweepsJson.Read<SweepFacts>(sweep.FactsJson);

    private Wanted Wish(JobRecord record) => JobRules.Wish(record.Job, _sweep!);

    /// <summary>
    /// Commits the job's next row with what goes with it, and remembers it. The job's version is compared, so whatever
    /// was decided on an old row is refused.
    /// </summary>
    private async Task<long> CommitAsync(
        string name, JobRecord record, JobRow next, IEnumerable<LedgerRow> rows, params VersionGuard[] guards)
    {
        var written = next with { Version = record.Job.Version };
        List<LedgerRow> all = [written, .. rows];
        var result = await _ledger.CommitAsync(new LedgerCommit(name, all, guards));
        if (!result.Accepted)
        {
            throw new StaleVersionException($"'{name}' was refused: {result.Conflict}");
        }

        var checkpoints = record.Checkpoints.ToList();
        var attempt = record.OpenAttempt;
        foreach (var row in all)
        {
            if (row is AttemptRow a)
            {
                attempt = a;
            }
            else if (row is CheckpointRow c)
            {
                checkpoints.RemoveAll(x => x.Attempt == c.Attempt && x.Step == c.Step);
                if (c.Status != CheckpointStatus.Dropped)
                {
                    checkpoints.Add(c);
                }
            }
        }

        _record = record with
        {
            Job = written with { Version = written.Version + 1, Change = result.Change },
            OpenAttempt = attempt,
            Checkpoints = [.. CheckpointRules.NewestFirst(checkpoints)],
        };
        _readAt = _time.GetTimestamp();
        if (next.State != record.Job.State || next.Wanted != record.Job.Wanted)
        {
            // Progress alone takes the sweep nowhere: its next pulse reads it.
            _peers.JobChanged(_job.Sweep, result.Change);
        }

        return result.Change;
    }

    private EventRow Happened(string kind, string message, int? attempt = null, string? data = null) => new()
    {
        At = Now,
        Sweep = _job.Sweep,
        Job = _job,
        Attempt = attempt,
        Kind = kind,
        Message = message,
        DataJson = data,
    };
}
