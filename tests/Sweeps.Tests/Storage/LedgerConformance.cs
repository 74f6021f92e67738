using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Xunit;

namespace Sweeps.Tests.Storage;

/// <summary>
/// What every ledger must do. A store's test class derives from it; the store that comes next (PostgreSQL) has to pass
/// the same tests.
/// </summary>
public abstract partial class LedgerConformance : IAsyncLifetime
{
    private protected const string S = "tiny-00000001";

    private ILedger? _ledger;

    private protected ILedger Ledger => _ledger ?? throw new InvalidOperationException("not opened");

    private protected ISweepQueries Queries => (ISweepQueries)Ledger;

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _ledger = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        if (_ledger is not null)
        {
            await CloseAsync(_ledger);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Opens an empty ledger.</summary>
    private protected abstract Task<ILedger> OpenAsync();

    /// <summary>Closes it for good.</summary>
    private protected abstract Task CloseAsync(ILedger ledger);

    /// <summary>Carries the commit out, but throws to its caller in place of the answer.</summary>
    private protected abstract Task CommitAndLoseTheAnswerAsync(ILedger ledger, LedgerCommit commit);

    /// <summary>Has the commits decided as one group, where the store forms groups.</summary>
    private protected abstract Task<CommitResult[]> CommitAsGroupAsync(ILedger ledger, IReadOnlyList<LedgerCommit> commits);

    /// <summary>Evaluations of a job that differing ones superseded.</summary>
    private protected abstract Task<IReadOnlyList<EvaluationRow>> HistoryAsync(ILedger ledger, JobId job);

    private protected async Task<CommitResult> Accepted(LedgerCommit commit)
    {
        var result = await Ledger.CommitAsync(commit, Token);
        Assert.True(result.Accepted, result.Conflict);
        Assert.Null(result.Conflict);
        Assert.True(result.Change > 0);
        return result;
    }

    private protected Task<CommitResult> Accepted(params LedgerRow[] rows) => Accepted(Rows.Commit(rows));

    private protected async Task<string> Refused(LedgerCommit commit)
    {
        var result = await Ledger.CommitAsync(commit, Token);
        Assert.False(result.Accepted);
        Assert.Equal(0, result.Change);
        return Assert.IsType<string>(result.Conflict);
    }

    private protected Task<string> Refused(params LedgerRow[] rows) => Refused(Rows.Commit(rows));

    private protected Task<CommitResult> LaunchAsync(string sweep = S, int trials = 2) => Accepted(
    [
        Rows.Sweep(sweep),
        .. Enumerable.Range(1, trials).Select(n => Rows.Trial(sweep, n)),
        .. Enumerable.Range(1, trials).Select(n => Rows.Job(sweep, n)),
    ]);

    [Fact]
    public async Task A_row_is_stored_with_the_next_version_and_the_change_number()
    {
        var first = await Accepted(Rows.Sweep(S));
        var stored = await Ledger.FindSweepAsync(S, Token);
        Assert.Equal(Rows.Sweep(S) with { Version = 1, Change = first.Change }, stored);

        var second = await Accepted(stored! with { State = SweepState.Completed, Winner = 2, FinishedAt = 9_000, ActiveSince = null });
        Assert.True(second.Change > first.Change);
        Assert.Equal(
            stored with
            {
                State = SweepState.Completed,
                Winner = 2,
                FinishedAt = 9_000,
                ActiveSince = null,
                Version = 2,
                Change = second.Change,
            },
            await Ledger.FindSweepAsync(S, Token));
    }

    [Fact]
    public async Task A_stale_version_refuses_the_whole_commit()
    {
        await LaunchAsync();
        var job = (await Ledger.JobsAsync(S, 0, Token))[0];
        await Accepted(job with { State = JobState.Leased, Attempt = 1 });

        var conflict = await Refused(
            Rows.Event(S, "must not be seen"),
            Rows.Attempt(job.Id, 1),
            job with { State = JobState.Cancelled });

        Assert.Contains("version 1 expected, 2 stored", conflict, StringComparison.Ordinal);
        Assert.Equal(JobState.Leased, (await Ledger.FindJobAsync(job.Id, Token))!.Job.State);
        Assert.Empty(await Queries.EventsAsync(S, 0, 10, Token));
        Assert.Empty(await Queries.AttemptsAsync(job.Id, Token));
    }

    [Fact]
    public async Task An_update_of_a_row_that_is_not_there_is_stale()
    {
        Assert.Contains("0 stored", await Refused(Rows.Job(S, 1) with { Version = 4 }), StringComparison.Ordinal);
        Assert.Contains("0 stored", await Refused(Rows.Worker("box") with { Version = 1 }), StringComparison.Ordinal);
        Assert.Contains("0 stored", await Refused(Rows.Sweep(S) with { Version = 1 }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_first_writes_exactly_one_wins()
    {
        for (var round = 0; round < 20; round++)
        {
            var name = $"box-{round}";
            var results = await Task.WhenAll(Enumerable.Range(1, 8).Select(
                n => Task.Run(() => Ledger.CommitAsync(Rows.Commit(Rows.Worker(name, n)), Token), Token)));
            var winner = Assert.Single(Enumerable.Range(1, 8), n => results[n - 1].Accepted);
            Assert.Equal(winner, (await Ledger.FindWorkerAsync(name, Token))!.Incarnation);
        }
    }

    [Fact]
    public async Task A_launch_id_belongs_to_one_sweep()
    {
        await Accepted(Rows.Sweep(S));
        var conflict = await Refused(Rows.Sweep("other-00000002") with { ClientId = $"client-of-{S}" });
        Assert.Contains("launch id", conflict, StringComparison.Ordinal);
        Assert.Null(await Ledger.FindSweepAsync("other-00000002", Token));
        Assert.Equal(S, (await Ledger.FindLaunchAsync($"client-of-{S}", Token))!.Id);
        Assert.Null(await Ledger.FindLaunchAsync("nobody", Token));
    }

    [Fact]
    public async Task A_commit_whose_answer_is_lost_is_found_by_reading_again()
    {
        await LaunchAsync();
        var job = (await Ledger.JobsAsync(S, 0, Token))[0];
        var lease = new LedgerCommit("lease", [job with { State = JobState.Leased, Attempt = 1 }, Rows.Event(S, "leased")]);

        await CommitAndLoseTheAnswerAsync(Ledger, lease);

        var again = await Ledger.CommitAsync(lease, Token);
        Assert.False(again.Accepted);
        Assert.Equal(1, (await Ledger.FindJobAsync(job.Id, Token))!.Job.Attempt);
        Assert.Single(await Queries.EventsAsync(S, 0, 10, Token));
    }

    [Fact]
    public async Task Sixty_four_writers_lose_no_update()
    {
        const int Writers = 64;
        const int Each = 8;
        await Accepted(Rows.Worker("shared") with { Slots = 0 });

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(n => Task.Run(() => WriteAsync(n), Token)));

        Assert.Equal(Writers * Each, (await Ledger.FindWorkerAsync("shared", Token))!.Slots);
        var events = await Queries.EventsAsync(null, 0, int.MaxValue, Token);
        Assert.Equal(Writers * Each, events.Count);
        Assert.Equal(Writers * Each, events.Select(e => e.Change).Distinct().Count());
        Assert.Equal(events.Select(e => e.Change).Order(), events.Select(e => e.Change));

        async Task WriteAsync(int writer)
        {
            for (var i = 0; i < Each;)
            {
                var row = (await Ledger.FindWorkerAsync("shared", Token))!;
                var answer = await Ledger.CommitAsync(
                    Rows.Commit(row with { Slots = row.Slots + 1 }, Rows.Event(null, $"{writer}/{i}")), Token);
                i += answer.Accepted ? 1 : 0;
            }
        }
    }

    [Fact]
    public async Task A_refused_member_of_a_group_does_not_harm_the_others()
    {
        await Accepted(Rows.Worker("taken"));
        var commits = Enumerable.Range(0, 12).Select(n => n % 3 == 1
            ? Rows.Commit(Rows.Event(null, $"refused {n}"), Rows.Worker("taken"))
            : Rows.Commit(Rows.Event(null, $"kept {n}"), Rows.Worker($"box-{n}"))).ToList();

        var answers = await CommitAsGroupAsync(Ledger, commits);

        for (var n = 0; n < answers.Length; n++)
        {
            Assert.Equal(n % 3 != 1, answers[n].Accepted);
        }

        var accepted = answers.Where(a => a.Accepted).Select(a => a.Change).ToList();
        Assert.Equal(8, accepted.Distinct().Count());
        Assert.All(
            await Queries.EventsAsync(null, 0, 100, Token),
            e => Assert.StartsWith("kept", e.Message, StringComparison.Ordinal));
        Assert.Equal(9, (await Queries.WorkersAsync(Token)).Count);
    }

    [Fact]
    public async Task Two_members_of_a_group_with_the_same_version_are_compared_with_each_other()
    {
        await Accepted(Rows.Worker("box"));
        var row = (await Ledger.FindWorkerAsync("box", Token))!;

        var answers = await CommitAsGroupAsync(
            Ledger, [Rows.Commit(row with { Slots = 5 }), Rows.Commit(row with { Slots = 6 })]);

        Assert.Single(answers, a => a.Accepted);
    }

    [Fact]
    public async Task Guards_are_compared_and_not_written()
    {
        await LaunchAsync();
        await Accepted(Rows.Worker("box"));
        var job = (await Ledger.JobsAsync(S, 0, Token))[0];
        VersionGuard[] good = [new(1, Sweep: S), new(1, Job: JobId.Train(S, 2)), new(1, Worker: "box"), new(0, Worker: "none")];

        await Accepted(new LedgerCommit("lease", [job with { State = JobState.Leased }], good));
        Assert.Equal(1, (await Ledger.FindSweepAsync(S, Token))!.Version);

        foreach (var bad in new VersionGuard[] { new(2, Sweep: S), new(0, Job: job.Id), new(3, Worker: "box"), new(1, Worker: "none") })
        {
            await Refused(new LedgerCommit("lease", [Rows.Event(S, "no")], [bad]));
        }

        Assert.Empty(await Queries.EventsAsync(S, 0, 10, Token));
    }

    [Fact]
    public async Task A_commit_without_rows_or_with_a_vague_guard_is_an_error_of_the_caller()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Ledger.CommitAsync(Rows.Commit(), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Ledger.CommitAsync(
            new LedgerCommit("x", [Rows.Event(null, "x")], [new VersionGuard(1, Sweep: S, Worker: "box")]), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Ledger.CommitAsync(
            new LedgerCommit("x", [Rows.Event(null, "x")], [new VersionGuard(1)]), Token));
        Assert.Empty(await Queries.EventsAsync(null, 0, 10, Token));
    }

    [Fact]
    public async Task A_cancelled_caller_leaves_the_commit_whole_or_undone()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Ledger.CommitAsync(Rows.Commit(Rows.Worker("a"), Rows.Event(null, "a")), cancelled.Token));
        Assert.Null(await Ledger.FindWorkerAsync("a", Token));
        Assert.Empty(await Queries.EventsAsync(null, 0, 10, Token));
    }
}
