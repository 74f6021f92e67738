using Sweeps.Abstractions;
using Sweeps.Abstractions.Sweep;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.States;
using Sweeps.Storage.Memory;
using Sweeps.Tests.Storage;
using Sweeps.Web.Grains;

namespace Sweeps.Tests.Web;

/// <summary>Grains that write to the ledger just what the API's tests look at, and remember what they were asked.</summary>
internal sealed class FakeGrains(InMemoryLedger ledger) : ISweepsGrains
{
    public List<LaunchRequest> Launches { get; } = [];

    public List<string> Wishes { get; } = [];

    /// <summary>Errors that the next launches answer with.</summary>
    public IReadOnlyList<string> LaunchErrors { get; set; } = [];

    /// <summary>How often the next calls have an unknown outcome before they are answered.</summary>
    public int Unknown { get; set; }

    /// <summary>Why those calls failed, when the disk is full.</summary>
    public string? DiskFull { get; set; }

    /// <summary>What runs, as the sweep's grain tells.</summary>
    public IReadOnlyList<LiveTrial> Running { get; set; } = [];

    /// <summary>What a live question throws; null: it is answered.</summary>
    public Exception? LiveFails { get; set; }

    public ISweepGrain Sweep(string id) => new SweepGrain(this, id);

    public ITrialGrain Trial(JobId job) => new TrialGrain(this, job);

    public IGpuWorkerGrain Worker(string name) => new WorkerGrain(name);

    private WishAnswer Wished(string what)
    {
        if (Unknown > 0)
        {
            Unknown--;
            throw new OutcomeUnknownException { DiskFull = DiskFull };
        }

        Wishes.Add(what);
        return what.Contains("pause", StringComparison.Ordinal) ? new WishAnswer(false, "it has ended") : new WishAnswer(true, "done");
    }

    private sealed class SweepGrain(FakeGrains all, string id) : ISweepGrain
    {
        public async Task<LaunchAnswer> LaunchAsync(LaunchRequest request)
        {
            all.Launches.Add(request);
            if (all.LaunchErrors.Count > 0)
            {
                return new LaunchAnswer(null, false, 0, all.LaunchErrors);
            }

            var row = Rows.Sweep(id) with
            {
                ClientId = request.ClientId,
                Fingerprint = SweepFingerprint.Of(
                    request.SpecYaml,
                    request.Base,
                    request.Inputs.Where(i => !i.Role.StartsWith("base/", StringComparison.Ordinal)).Select(i => (i.Role, i.Sha256))),
            };
            var commit = await all.Ledger.CommitAsync(Rows.Commit(row, Rows.Trial(id, 1), Rows.Job(id, 1), Rows.Trial(id, 2), Rows.Job(id, 2)));
            return new LaunchAnswer(id, commit.Accepted, 2, []);
        }

        public Task<WishAnswer> WishAsync(Wanted wanted) => Task.FromResult(all.Wished($"{id} {wanted}".ToLowerInvariant()));

        public Task<WishAnswer> RetryAsync(int[]? trials) =>
            Task.FromResult(all.Wished($"{id} retry {(trials is null ? "all" : string.Join(',', trials))}"));

        public Task<WishAnswer> RemoveAsync() => Task.FromResult(all.Wished($"{id} remove"));

        public Task PokeAsync(long change) => Task.CompletedTask;

        public Task<LiveSweep> LiveAsync() => all.LiveFails is { } failure
            ? Task.FromException<LiveSweep>(failure)
            : Task.FromResult(new LiveSweep(id, SweepState.Running, Wanted.Run, new Dictionary<JobState, int>(), 12, all.Running));
    }

    private InMemoryLedger Ledger => ledger;

    private sealed class TrialGrain(FakeGrains all, JobId job) : ITrialGrain
    {
        public Task<WishAnswer> WishAsync(Wanted wanted) => Task.FromResult(all.Wished($"{job} {wanted}".ToLowerInvariant()));

        public Task<WishAnswer> RetryAsync() => throw new NotSupportedException();

        public Task<LeaseAnswer> LeaseAsync(LeaseRequest request) => throw new NotSupportedException();

        public Task<HeartbeatAnswer> HeartbeatAsync(HeartbeatRequest request) => throw new NotSupportedException();

        public Task<ReportAnswer> ReportAsync(Report report) => throw new NotSupportedException();

        public Task DisownAsync(int attempt) => throw new NotSupportedException();

        public Task PokeAsync(WorkerLife? lostIncarnation) => throw new NotSupportedException();

        public Task<LiveTrial> LiveAsync() => throw new NotSupportedException();
    }

    private sealed class WorkerGrain(string name) : IGpuWorkerGrain
    {
        public Task<LiveWorker?> LiveAsync() => Task.FromResult<LiveWorker?>(new LiveWorker(
            name,
            3,
            4,
            "2.10.0 AVX512 1",
            "4 cores",
            [new HeldJob(JobId.Train("tiny", 1), 1, 0), new HeldJob(JobId.Train("tiny", 2), 1, 0)],
            new Dictionary<int, string> { [3] = "the slot's lock is held" }));

        public Task<long> RegisterAsync(WorkerRegistration registration) => throw new NotSupportedException();

        public Task<WorkerBeatAnswer> BeatAsync(WorkerBeat beat) => throw new NotSupportedException();

        public Task GrantedAsync(HeldJob grant, long incarnation) => throw new NotSupportedException();

        public Task<Nudge> WaitForNudgeAsync(long incarnation) => throw new NotSupportedException();

        public Task NudgeAsync(JobId job, long incarnation) => throw new NotSupportedException();

        public Task LeaveAsync(long incarnation) => throw new NotSupportedException();

        public Task SiloDiedAsync() => throw new NotSupportedException();
    }
}
