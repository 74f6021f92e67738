using System.Collections.Concurrent;
using System.Threading.Channels;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Worker.Calls;

namespace Sweeps.Tests.Worker.Fakes;

/// <summary>The grains as a worker sees them: jobs are handed out in order, everything said is kept, any answer may be replaced.</summary>
internal sealed class FakeCluster : IWorkerCalls
{
    private readonly Channel<JobAssignment> _jobs = Channel.CreateUnbounded<JobAssignment>();
    private readonly ConcurrentDictionary<JobId, JobAssignment> _offered = new();
    private volatile CancellationTokenSource _left = new();

    /// <summary>Jobs that a wish concerns.</summary>
    public Channel<JobId> Nudges { get; } = Channel.CreateUnbounded<JobId>();

    public Watched<WorkerLife> Leaves { get; } = new();

    public Watched<WorkerRegistration> Registrations { get; } = new();

    public Watched<WorkerBeat> Beats { get; } = new();

    public Watched<SlotRequest> Waits { get; } = new();

    public Watched<(JobId Job, LeaseRequest Request)> Leases { get; } = new();

    public Watched<(JobId Job, HeartbeatRequest Request)> Heartbeats { get; } = new();

    public Watched<(JobId Job, Report Report)> Reports { get; } = new();

    public Func<int, Task<long>> OnRegister { get; set; } = n => Task.FromResult((long)n);

    public Func<WorkerBeat, Task<WorkerBeatAnswer>> OnBeat { get; set; } = _ => Task.FromResult(new WorkerBeatAnswer(true));

    public Func<int, LeaseAnswer, Task<LeaseAnswer>> OnLease { get; set; } = (_, answer) => Task.FromResult(answer);

    public Func<HeartbeatRequest, Task<HeartbeatAnswer>> OnHeartbeat { get; set; } =
        _ => Task.FromResult(new HeartbeatAnswer(false, Wanted.Run));

    public Func<int, Report, Task<ReportAnswer>> OnReport { get; set; } =
        (_, _) => Task.FromResult(new ReportAnswer(false, Wanted.Run));

    public void Offer(JobAssignment assignment) => Assert.True(_jobs.Writer.TryWrite(assignment));

    public Task<long> RegisterAsync(WorkerRegistration registration) => OnRegister(Registrations.Add(registration));

    public Task<WorkerBeatAnswer> BeatAsync(WorkerBeat beat)
    {
        Beats.Add(beat);
        return OnBeat(beat);
    }

    public async Task<Nudge> WaitForNudgeAsync(long incarnation) => new([await Nudges.Reader.ReadAsync()]);

    public Task LeaveAsync(WorkerLife life)
    {
        Leaves.Add(life);
        var left = _left;
        _left = new CancellationTokenSource();
        left.Cancel();
        return Task.CompletedTask;
    }

    public async Task<JobId?> WaitForJobAsync(SlotRequest request)
    {
        Waits.Add(request);
        try
        {
            var assignment = await _jobs.Reader.ReadAsync(_left.Token);
            _offered[assignment.Job] = assignment;
            return assignment.Job;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    public Task<LeaseAnswer> LeaseAsync(JobId job, LeaseRequest request) =>
        OnLease(Leases.Add((job, request)), new LeaseAnswer(true, _offered[job], null));

    public Task<HeartbeatAnswer> HeartbeatAsync(JobId job, HeartbeatRequest request)
    {
        Heartbeats.Add((job, request));
        return OnHeartbeat(request);
    }

    public Task<ReportAnswer> ReportAsync(JobId job, Report report) => OnReport(Reports.Add((job, report)), report);
}

/// <summary>Things that happened, to be waited for.</summary>
internal sealed class Watched<T>
{
    private readonly Channel<T> _channel = Channel.CreateUnbounded<T>();
    private readonly ConcurrentQueue<T> _all = new();
    private int _count;

    /// <summary>All so far.</summary>
    public IReadOnlyList<T> All => [.. _all];

    /// <summary>Keeps one; returns how many there are.</summary>
    public int Add(T item)
    {
        _all.Enqueue(item);
        var count = Interlocked.Increment(ref _count);
        Assert.True(_channel.Writer.TryWrite(item));
        return count;
    }

    /// <summary>The next one that nobody has taken, within 20 real seconds.</summary>
    public Task<T> NextAsync() => _channel.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>The next one that fits.</summary>
    public async Task<T> NextAsync(Func<T, bool> fits)
    {
        while (true)
        {
            if (await NextAsync() is var item && fits(item))
            {
                return item;
            }
        }
    }
}
