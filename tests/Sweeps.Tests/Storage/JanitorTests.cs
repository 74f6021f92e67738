using Microsoft.Extensions.Time.Testing;
using Sweeps.Core.Homes;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Storage.Cleaning;
using Sweeps.Storage.Memory;
using Sweeps.Storage.Objects;
using Xunit;

namespace Sweeps.Tests.Storage;

public sealed class JanitorTests : IDisposable
{
    private const string S = "tiny-00000001";

    private static readonly JobId Job = JobId.Train(S, 1);

    private readonly TemporaryFolder _folder = new();
    private readonly InMemoryLedger _ledger = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UnixEpoch.AddYears(60));
    private readonly SweepsHome _home;
    private readonly FolderObjectStore _objects;
    private readonly CheckpointPins _pins = new();
    private readonly Janitor _janitor;

    public JanitorTests()
    {
        _home = new SweepsHome(_folder.Path);
        _objects = new FolderObjectStore(_home.Objects, _clock);
        _janitor = new Janitor(_home, _ledger, _objects, _pins);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Dropped_checkpoints_go_even_in_the_current_attempt_and_others_stay()
    {
        await CommitAsync(
            Rows.Sweep(S),
            Rows.Job(S, 1) with { Attempt = 2, State = JobState.Running },
            Rows.Checkpoint(Job, 1, 10, CheckpointStatus.Dropped),
            Rows.Checkpoint(Job, 1, 20, CheckpointStatus.Bad),
            Rows.Checkpoint(Job, 1, 30),
            Rows.Checkpoint(Job, 2, 40, CheckpointStatus.Dropped),
            Rows.Checkpoint(Job, 2, 50));
        Folders("attempt-1/step-10", "attempt-1/step-20", "attempt-1/step-30", "attempt-2/step-40", "attempt-2/step-50");

        var report = await _janitor.RunOnceAsync(Token);

        Assert.Equal((2, 0), (report.Dropped, report.Abandoned));
        Assert.Equal(["attempt-1/step-20", "attempt-1/step-30", "attempt-2/step-50"], Left());
        Assert.True((await _janitor.RunOnceAsync(Token)).IsEmpty);
    }

    [Fact]
    public async Task Unnamed_folders_go_in_older_attempts_and_never_in_the_current_one()
    {
        await CommitAsync(Rows.Sweep(S), Rows.Job(S, 1) with { Attempt = 2, State = JobState.Running });
        Folders("attempt-1/step-10", "attempt-1/step-20.tmp", "attempt-2/step-30", "attempt-2/step-40.tmp", "attempt-3/step-1");
        await File.WriteAllTextAsync(Path.Combine(JobFolder, "attempt-1", "curve"), "1 0.5\n", Token);

        var report = await _janitor.RunOnceAsync(Token);

        Assert.Equal((0, 2), (report.Dropped, report.Abandoned));
        Assert.Equal(["attempt-2/step-30", "attempt-2/step-40.tmp", "attempt-3/step-1"], Left());
        Assert.True(File.Exists(Path.Combine(JobFolder, "attempt-1", "curve")));
    }

    [Fact]
    public async Task Folders_that_the_ledger_does_not_know_are_left()
    {
        await CommitAsync(Rows.Sweep(S));
        Folders("attempt-1/step-10");
        var foreign = Directory.CreateDirectory(Path.Combine(_home.Sweeps, "launching-0000", "train-1", "attempt-1", "step-1"));
        var notes = Directory.CreateDirectory(Path.Combine(_home.Sweeps, S, "notes", "attempt-1", "step-1"));
        var odd = Directory.CreateDirectory(Path.Combine(_home.Sweeps, S, "train-01", "attempt-x", "step-1"));

        Assert.True((await _janitor.RunOnceAsync(Token)).IsEmpty);

        Assert.Equal(["attempt-1/step-10"], Left());
        Assert.True(foreign.Exists && notes.Exists && odd.Exists);
    }

    [Fact]
    public async Task A_folder_that_is_committed_after_it_was_listed_stays()
    {
        // The folder is listed while its attempt runs; then it is committed, the attempt is lost and the next granted.
        await CommitAsync(Rows.Sweep(S), Rows.Trial(S, 1), Rows.Job(S, 1) with { Attempt = 1, State = JobState.Running });
        Folders("attempt-1/step-10", "attempt-1/step-11.tmp");
        var janitor = new Janitor(_home, new Interposed(_ledger, CommitAndLoseAsync), _objects);

        var report = await janitor.RunOnceAsync(Token);

        Assert.Equal(1, report.Abandoned);
        Assert.Equal(["attempt-1/step-10"], Left());

        async Task CommitAndLoseAsync(string call)
        {
            if (call == nameof(ILedger.JobsAsync))
            {
                await CommitAsync(Rows.Checkpoint(Job, 1, 10));
                var job = (await _ledger.FindJobAsync(Job, Token))!.Job;
                await CommitAsync(job with { Attempt = 2 });
            }
        }
    }

    [Fact]
    public async Task A_commit_between_the_two_reads_of_the_ledger_is_seen()
    {
        await CommitAsync(Rows.Sweep(S), Rows.Trial(S, 1), Rows.Job(S, 1) with { Attempt = 1, State = JobState.Running });
        Folders("attempt-1/step-10", "attempt-1/step-20");
        var janitor = new Janitor(_home, new Interposed(_ledger, CommitAndLoseAsync), _objects);

        Assert.True((await janitor.RunOnceAsync(Token)).IsEmpty);
        Assert.Equal(["attempt-1/step-10", "attempt-1/step-20"], Left());

        async Task CommitAndLoseAsync(string call)
        {
            // Right before the checkpoints are read: were the jobs read after them, step-10 would look abandoned.
            if (call == nameof(ILedger.CheckpointsAsync))
            {
                var job = (await _ledger.FindJobAsync(Job, Token))!.Job;
                await CommitAsync(Rows.Checkpoint(Job, 1, 10), job with { Attempt = 2 });
            }
        }
    }

    [Fact]
    public async Task Folders_of_removed_sweeps_go()
    {
        await CommitAsync(Rows.Sweep(S, SweepState.Completed) with { Removed = true }, Rows.Job(S, 1) with { Attempt = 1 });
        await CommitAsync(Rows.Sweep("busy-1", SweepState.Running) with { Removed = true });
        Folders("attempt-1/step-10");
        var busy = Directory.CreateDirectory(Path.Combine(_home.Sweeps, "busy-1", "train-1", "attempt-1", "step-1"));

        Assert.Equal(1, (await _janitor.RunOnceAsync(Token)).Sweeps);

        Assert.False(Directory.Exists(Path.Combine(_home.Sweeps, S)));
        Assert.True(busy.Exists);
    }

    [Fact]
    public async Task What_is_being_read_stays_until_it_is_released()
    {
        await CommitAsync(Rows.Sweep(S), Rows.Job(S, 1), Rows.Checkpoint(Job, 1, 10, CheckpointStatus.Dropped));
        Folders("attempt-1/step-10");
        using (_pins.Pin($"{S}/train-1/attempt-1/step-10"))
        {
            Assert.True((await _janitor.RunOnceAsync(Token)).IsEmpty);
            Assert.NotEmpty(Left());
        }

        Assert.Equal(1, (await _janitor.RunOnceAsync(Token)).Dropped);
        Assert.Empty(Left());
    }

    [Fact]
    public async Task Objects_go_when_nobody_pins_them_and_they_are_an_hour_old()
    {
        var pinned = await PutAsync("pinned");
        var touched = await PutAsync("touched");
        var old = await PutAsync("old");
        await CommitAsync(
            Rows.Sweep(S), new InputRow { Sweep = S, Role = "train", Name = "a", Sha256 = pinned, Bytes = 1 });
        Assert.True((await _janitor.RunOnceAsync(Token)).IsEmpty);

        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.True(_objects.Touch(touched));
        var young = await PutAsync("young");
        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(1, (await _janitor.RunOnceAsync(Token)).Objects);
        Assert.Equal(new[] { pinned, touched, young }.Order(StringComparer.Ordinal), _objects.List().Select(o => o.Sha256).Order(StringComparer.Ordinal));
        Assert.False(_objects.Touch(old));
    }

    [Fact]
    public async Task A_launch_that_touches_an_object_while_the_janitor_reads_keeps_it()
    {
        var sha = await PutAsync("reused");
        _clock.Advance(TimeSpan.FromHours(2));
        var janitor = new Janitor(_home, new Interposed(_ledger, TouchAsync), _objects);

        Assert.True((await janitor.RunOnceAsync(Token)).IsEmpty);
        Assert.True(_objects.Touch(sha));

        Task TouchAsync(string call)
        {
            Assert.True(_objects.Touch(sha));
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task It_runs_at_each_interval_until_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var reports = System.Threading.Channels.Channel.CreateUnbounded<CleaningReport>();
        await CommitAsync(Rows.Sweep(S), Rows.Job(S, 1), Rows.Checkpoint(Job, 1, 10, CheckpointStatus.Dropped));
        Folders("attempt-1/step-10");
        var loop = _janitor.RunAsync(TimeSpan.FromMinutes(1), _clock, r => reports.Writer.TryWrite(r), stop.Token);

        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, (await reports.Reader.ReadAsync(Token)).Dropped);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True((await reports.Reader.ReadAsync(Token)).IsEmpty);

        await stop.CancelAsync();
        await loop;
    }

    private string JobFolder => Path.Combine(_home.Sweeps, S, "train-1");

    private async Task CommitAsync(params LedgerRow[] rows) =>
        Assert.True((await _ledger.CommitAsync(Rows.Commit(rows), Token)).Accepted);

    private void Folders(params string[] names)
    {
        foreach (var name in names)
        {
            var folder = Directory.CreateDirectory(Path.Combine(JobFolder, name));
            File.WriteAllText(Path.Combine(folder.FullName, "model.safetensors"), "weights");
        }
    }

    private IEnumerable<string> Left() =>
        Directory.EnumerateDirectories(JobFolder, "*", SearchOption.AllDirectories)
            .Select(d => Path.GetRelativePath(JobFolder, d)).Where(d => d.Contains('/', StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private async Task<string> PutAsync(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var sha = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        await _objects.PutAsync(new MemoryStream(bytes), sha, 1_000, Token);
        return sha;
    }

    /// <summary>A ledger on which something happens right before a read.</summary>
    private sealed class Interposed(ILedger inner, Func<string, Task> before) : ILedger
    {
        public Task<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellation = default) =>
            throw new InvalidOperationException("the janitor commits nothing");

        public Task<SweepRow?> FindSweepAsync(string sweep, CancellationToken cancellation = default) =>
            inner.FindSweepAsync(sweep, cancellation);

        public Task<SweepRow?> FindLaunchAsync(string clientId, CancellationToken cancellation = default) =>
            inner.FindLaunchAsync(clientId, cancellation);

        public Task<IReadOnlyList<string>> UnfinishedSweepsAsync(CancellationToken cancellation = default) =>
            inner.UnfinishedSweepsAsync(cancellation);

        public Task<JobRecord?> FindJobAsync(JobId job, CancellationToken cancellation = default) =>
            inner.FindJobAsync(job, cancellation);

        public async Task<IReadOnlyList<JobRow>> JobsAsync(string sweep, long aboveChange = 0, CancellationToken cancellation = default)
        {
            await before(nameof(JobsAsync));
            return await inner.JobsAsync(sweep, aboveChange, cancellation);
        }

        public Task<IReadOnlyList<InputRow>> InputsAsync(string sweep, CancellationToken cancellation = default) =>
            inner.InputsAsync(sweep, cancellation);

        public Task<DecisionRow?> FindDecisionAsync(string sweep, int trial, int step, CancellationToken cancellation = default) =>
            inner.FindDecisionAsync(sweep, trial, step, cancellation);

        public Task<WorkerRow?> FindWorkerAsync(string worker, CancellationToken cancellation = default) =>
            inner.FindWorkerAsync(worker, cancellation);

        public async Task<IReadOnlyList<CheckpointRow>> CheckpointsAsync(string sweep, CancellationToken cancellation = default)
        {
            await before(nameof(CheckpointsAsync));
            return await inner.CheckpointsAsync(sweep, cancellation);
        }

        public async Task<IReadOnlySet<string>> PinnedObjectsAsync(CancellationToken cancellation = default)
        {
            await before(nameof(PinnedObjectsAsync));
            return await inner.PinnedObjectsAsync(cancellation);
        }
    }
}
