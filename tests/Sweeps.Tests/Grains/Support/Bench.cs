using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sweeps.Abstractions;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Grains.Sweep;
using Sweeps.Grains.Trials;
using Sweeps.Grains.Workers;
using Sweeps.Storage.Memory;
using Xunit;

namespace Sweeps.Tests.Grains.Support;

/// <summary>The logic of one sweep on an in-memory ledger and a clock that stands still; hints are only noted.</summary>
internal sealed class Bench : ITrialPeers, ISweepPeers, IWorkerPeers
{
    public const string SweepId = "s";

    private readonly Dictionary<JobId, TrialLogic> _trials = [];
    private readonly Dictionary<string, WorkerLogic> _workers = [];
    private long _request;

    public Bench() => Sweep = NewSweep();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public InMemoryLedger Ledger { get; } = new();

    public List<string> Hints { get; } = [];

    public IReadOnlyList<ReadyJob> Ready { get; private set; } = [];

    public SweepLogic Sweep { get; set; }

    public SweepRow Row => Get(Ledger.FindSweepAsync(SweepId))!;

    /// <summary>Launches, with the preflight passed when there is none, and registers worker <c>w</c>.</summary>
    public static async Task<Bench> LaunchedAsync(string words)
    {
        var bench = new Bench();
        var answer = await bench.Sweep.LaunchAsync(TestPlanner.Request(words));
        Assert.Empty(answer.Errors);
        await bench.RegisterAsync("w");
        return bench;
    }

    public SweepLogic NewSweep() => new(SweepId, Ledger, new TestPlanner(), this, Time, NullLogger.Instance);

    public TrialLogic Trial(int number) => Job(JobId.Train(SweepId, number));

    public TrialLogic Job(JobId id)
    {
        if (!_trials.TryGetValue(id, out var logic))
        {
            _trials[id] = logic = NewJob(id);
        }

        return logic;
    }

    /// <summary>Another activation of the same job.</summary>
    public TrialLogic NewJob(JobId id) =>
        new(id, Ledger, Ledger, this, new LeaseOptions(), Time, new Random(1), NullLogger.Instance);

    public WorkerLogic Worker(string name)
    {
        if (!_workers.TryGetValue(name, out var logic))
        {
            _workers[name] = logic = new WorkerLogic(name, Ledger, this, new LeaseOptions(), Time, NullLogger.Instance);
        }

        return logic;
    }

    public Task<long> RegisterAsync(string worker, string? token = null) =>
        Worker(worker).RegisterAsync(new WorkerRegistration(token ?? Guid.NewGuid().ToString(), "host", 1, 2, "m", "none"));

    public LeaseRequest Request(string worker = "w", int slot = 0, long? request = null) =>
        new(worker, Get(Ledger.FindWorkerAsync(worker))!.Incarnation, slot, request ?? ++_request, "m");

    public async Task<JobAssignment> LeaseAsync(int trial) => await LeaseAsync(JobId.Train(SweepId, trial));

    public async Task<JobAssignment> LeaseAsync(JobId job)
    {
        var answer = await Job(job).LeaseAsync(Request());
        Assert.True(answer.Granted, answer.Reason);
        return answer.Assignment!;
    }

    public HeartbeatRequest Beat(JobAssignment assignment, ProgressFrame? progress = null)
    {
        var row = JobRow(assignment.Job);
        return new HeartbeatRequest(assignment.Attempt, new WorkerLife(row.Worker!, row.Incarnation), row.Slot!.Value, progress);
    }

    public Task<ReportAnswer> OfferAsync(JobAssignment a, long sequence, int step, double? score = null, bool final = false) =>
        Job(a.Job).ReportAsync(new Report
        {
            Attempt = a.Attempt,
            Sequence = sequence,
            Offer = Offers.Checkpoint(a.Job, a.Attempt, step, score, final),
        });

    public Task<ReportAnswer> EndAsync(
        JobAssignment a, long sequence, AttemptOutcome outcome, FailureClass? failure = null, string? message = null) =>
        Job(a.Job).ReportAsync(new Report
        {
            Attempt = a.Attempt,
            Sequence = sequence,
            End = new AttemptEnd(outcome, failure, message, outcome == AttemptOutcome.Completed ? "final" : null, null),
        });

    /// <summary>Leases a trial and completes it with this score.</summary>
    public async Task CompleteAsync(int trial, double? score)
    {
        var a = await LeaseAsync(trial);
        await OfferAsync(a, 1, 10, score, final: true);
        await EndAsync(a, 2, AttemptOutcome.Completed);
        await Sweep.PokeAsync(0);
    }

    public JobRow JobRow(int trial) => JobRow(JobId.Train(SweepId, trial));

    public JobRow JobRow(JobId job) => Get(Ledger.FindJobAsync(job))!.Job;

    public IReadOnlyList<AttemptRow> Attempts(int trial) => Get(Ledger.AttemptsAsync(JobId.Train(SweepId, trial)));

    public IReadOnlyList<EventRow> Events => Get(Ledger.EventsAsync(null, 0, 10_000));

    public string Kept(int trial) => string.Join(
        ' ',
        Get(Ledger.CheckpointsAsync(SweepId))
            .Where(c => c.Job == JobId.Train(SweepId, trial) && c.Status == CheckpointStatus.Kept)
            .OrderBy(c => c.Step).ThenBy(c => c.Attempt)
            .Select(c => $"{c.Attempt}:{c.Step}{(c.IsBest ? "*" : "")}"));

    public async Task TickAsync(int trial, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Trial(trial).TickAsync();
        }
    }

    /// <summary>The next commit of this name fails so.</summary>
    public void FailNext(string name, LedgerFault fault)
    {
        var armed = 1;
        Ledger.Fault = c => c.Name == name && Interlocked.Exchange(ref armed, 0) == 1 ? fault : LedgerFault.None;
    }

    public void JobChanged(string sweep, long change) => Hints.Add("changed");

    public void Settled(JobId job, long change) => Hints.Add($"settled {job}");

    public void Front(JobId job, string? worker, int? slot, long change) => Hints.Add($"front {job} {worker} {slot}");

    public void Granted(string worker, HeldJob grant, long incarnation) => Hints.Add($"granted {grant.Job} {grant.Attempt}");

    public void Nudge(string worker, JobId job, long incarnation) => Hints.Add($"nudge {worker} {job}");

    public void PokeJob(JobId job) => Hints.Add($"poke {job}");

    public void SetReady(ReadyList list) => Ready = list.Jobs;

    public void LifeEnded(JobId job, WorkerLife life) => Hints.Add($"ended {job} {life.Worker}#{life.Incarnation}");

    public void Disown(JobId job, int attempt) => Hints.Add($"disown {job} {attempt}");

    public Task<LiveTrial?> LiveAsync(JobId job) => Task.FromResult<LiveTrial?>(Job(job).Live());

    private static T Get<T>(Task<T> done) => done.GetAwaiter().GetResult();
}
