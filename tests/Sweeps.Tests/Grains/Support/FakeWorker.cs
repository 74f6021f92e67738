using Orleans.Runtime;
using Sweeps.Abstractions;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.Trainer;

namespace Sweeps.Tests.Grains.Support;

/// <summary>A worker whose slots train nothing: each job ends at once, and trial n scores n / 100.</summary>
internal sealed class FakeWorker(IGrainFactory grains, string name)
{
    private long _request;

    public WorkerRegistration Registration { get; } = new(Guid.NewGuid().ToString(), "host", 1, 2, "m", "none");

    public long Incarnation { get; private set; }

    public async Task RegisterAsync() => Incarnation =
        await RepeatAsync(() => grains.GetGrain<IGpuWorkerGrain>(name).RegisterAsync(Registration));

    public async Task RunSlotAsync(int slot, Func<Task<bool>> ended)
    {
        while (!await ended())
        {
            (JobId Job, JobAssignment Assignment)? lease = null;
            try
            {
                lease = await LeaseAsync(slot);
            }
            catch (Exception e) when (e is TimeoutException or OrleansException)
            {
                // The dispatcher was on a silo that died: ask again.
            }

            if (lease is var (job, assignment))
            {
                await RunAsync(job, assignment, slot);
            }
        }
    }

    public async Task<(JobId Job, JobAssignment Assignment)?> LeaseAsync(int slot)
    {
        var request = Interlocked.Increment(ref _request);
        var dispatcher = grains.GetGrain<IDispatcherGrain>(DispatcherPools.Default);
        var offered = dispatcher.WaitForJobAsync(new SlotRequest(name, Incarnation, slot, request));

        // The last slots wait in vain once the sweep is over: they need not wait to the end.
        if (await Task.WhenAny(offered, Task.Delay(500)) != offered || await offered is not { } job)
        {
            return null;
        }

        var answer = await RepeatAsync(() => grains.GetGrain<ITrialGrain>(job.ToString())
            .LeaseAsync(new LeaseRequest(name, Incarnation, slot, request, "m")));
        return answer.Granted ? (job, answer.Assignment!) : null;
    }

    public Task<HeartbeatAnswer> HeartbeatAsync(JobId job, int attempt, int slot) =>
        RepeatAsync(() => grains.GetGrain<ITrialGrain>(job.ToString()).HeartbeatAsync(new HeartbeatRequest(
            attempt, new WorkerLife(name, Incarnation), slot, new ProgressFrame { Step = 1, TotalSteps = 10, Loss = 0.5 })));

    /// <summary>As workers do: repeated with the same numbers until answered.</summary>
    private static async Task<T> RepeatAsync<T>(Func<Task<T>> call)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (Exception e) when (attempt < 20 && e is TimeoutException or OrleansException or OutcomeUnknownException)
            {
                await Task.Delay(100);
            }
        }
    }

    private async Task RunAsync(JobId job, JobAssignment assignment, int slot)
    {
        var trial = grains.GetGrain<ITrialGrain>(job.ToString());
        await HeartbeatAsync(job, assignment.Attempt, slot);
        var offer = Offers.Final(job, assignment.Attempt, 10, job.Number / 100.0);
        if (job.Kind == JobKind.Evaluate)
        {
            offer = offer with { Checkpoint = null, Evaluations = [Offers.Evaluation(10, "test", 0.5)] };
        }
        else if (job.Kind == JobKind.Preflight)
        {
            offer = offer with { Checkpoint = null, Evaluations = [], StepSeconds = 0.1, PeakMemoryBytes = 1000 };
        }

        await RepeatAsync(() => trial.ReportAsync(new Report { Attempt = assignment.Attempt, Sequence = 1, Offer = offer }));
        await RepeatAsync(() => trial.ReportAsync(new Report
        {
            Attempt = assignment.Attempt,
            Sequence = 2,
            End = new AttemptEnd(AttemptOutcome.Completed, FinalSha256: "final", BestSha256: "best"),
        }));
    }
}
