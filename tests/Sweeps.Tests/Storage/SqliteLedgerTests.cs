using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Storage.Sqlite;
using Xunit;

namespace Sweeps.Tests.Storage;

/// <summary>The conformance suite on SQLite.</summary>
public sealed class SqliteLedgerTests : LedgerConformance, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private protected override Task<ILedger> OpenAsync() =>
        Task.FromResult<ILedger>(SqliteLedger.Open(_folder["ledger.db"]));

    private protected override async Task CloseAsync(ILedger ledger) => await ((SqliteLedger)ledger).DisposeAsync();

    private protected override async Task CommitAndLoseTheAnswerAsync(ILedger ledger, LedgerCommit commit)
    {
        // The caller gives up between COMMIT and the answer.
        var sqlite = (SqliteLedger)ledger;
        using var caller = new CancellationTokenSource();
        sqlite.Writer.Passing = point =>
        {
            if (point == GroupWriter.AfterCommit)
            {
                caller.Cancel();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sqlite.CommitAsync(commit, caller.Token));
        sqlite.Writer.Passing = null;
    }

    private protected override Task<CommitResult[]> CommitAsGroupAsync(
        ILedger ledger, IReadOnlyList<LedgerCommit> commits) => GroupAsync((SqliteLedger)ledger, commits);

    private protected override Task<IReadOnlyList<EvaluationRow>> HistoryAsync(ILedger ledger, JobId job) =>
        ((SqliteLedger)ledger).EvaluationHistoryAsync(job, Token);

    /// <summary>Holds the writer in a commit of its own until all others wait: they then form one group.</summary>
    internal static async Task<CommitResult[]> GroupAsync(SqliteLedger ledger, IReadOnlyList<LedgerCommit> commits)
    {
        using var held = new SemaphoreSlim(0);
        using var go = new SemaphoreSlim(0);
        var groups = 0;
        ledger.Writer.Passing = point =>
        {
            if (point == GroupWriter.BeforeCommit && Interlocked.Increment(ref groups) == 1)
            {
                held.Release();
                go.Wait();
            }
        };
        var first = ledger.CommitAsync(Rows.Commit(new InputRow { Sweep = "-", Role = "-", Name = "-", Sha256 = "-", Bytes = 0 }), Token);
        await held.WaitAsync(Token);
        var answers = commits.Select(c => ledger.CommitAsync(c, Token)).ToList();
        Assert.Equal(commits.Count, ledger.Waiting);
        go.Release();
        await first;
        var results = await Task.WhenAll(answers);
        ledger.Writer.Passing = null;
        Assert.Equal(2, groups);
        return results;
    }
}
