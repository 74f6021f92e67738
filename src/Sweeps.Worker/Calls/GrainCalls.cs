using Microsoft.Extensions.Options;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;

namespace Sweeps.Worker.Calls;

/// <summary>The calls as grain calls; their response timeouts are on the grain interfaces.</summary>
internal sealed class GrainCalls(IGrainFactory grains, IOptions<WorkerOptions> options) : IWorkerCalls
{
    public Task<long> RegisterAsync(WorkerRegistration registration) => Worker().RegisterAsync(registration);

    public Task<WorkerBeatAnswer> BeatAsync(WorkerBeat beat) => Worker().BeatAsync(beat);

    public Task<Nudge> WaitForNudgeAsync(long incarnation) => Worker().WaitForNudgeAsync(incarnation);

    public Task LeaveAsync(WorkerLife life) => Task.WhenAll(
        grains.GetGrain<IDispatcherGrain>(options.Value.Pool).LeaveAsync(life.Worker, life.Incarnation),
        Worker().LeaveAsync(life.Incarnation));

    public Task<JobId?> WaitForJobAsync(SlotRequest request) =>
        grains.GetGrain<IDispatcherGrain>(options.Value.Pool).WaitForJobAsync(request);

    public Task<LeaseAnswer> LeaseAsync(JobId job, LeaseRequest request) => Trial(job).LeaseAsync(request);

    public Task<HeartbeatAnswer> HeartbeatAsync(JobId job, HeartbeatRequest request) => Trial(job).HeartbeatAsync(request);

    public Task<ReportAnswer> ReportAsync(JobId job, Report report) => Trial(job).ReportAsync(report);

    private IGpuWorkerGrain Worker() => grains.GetGrain<IGpuWorkerGrain>(options.Value.Name);

    private ITrialGrain Trial(JobId job) => grains.GetGrain<ITrialGrain>(job.ToString());
}
