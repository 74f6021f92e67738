using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Storage.Memory;
using Xunit;

namespace Sweeps.Tests.Storage;

public sealed class InMemoryLedgerTests : LedgerConformance
{
    private protected override Task<ILedger> OpenAsync() => Task.FromResult<ILedger>(new InMemoryLedger());

    private protected override Task CloseAsync(ILedger ledger) => Task.CompletedTask;

    private protected override async Task CommitAndLoseTheAnswerAsync(ILedger ledger, LedgerCommit commit)
    {
        var memory = (InMemoryLedger)ledger;
        memory.Fault = _ => LedgerFault.LoseAnswer;
        await Assert.ThrowsAsync<IOException>(() => memory.CommitAsync(commit, Token));
        memory.Fault = null;
    }

    private protected override Task<CommitResult[]> CommitAsGroupAsync(
        ILedger ledger, IReadOnlyList<LedgerCommit> commits) =>
        Task.WhenAll(commits.Select(c => ledger.CommitAsync(c, Token)));

    private protected override Task<IReadOnlyList<EvaluationRow>> HistoryAsync(ILedger ledger, JobId job) =>
        ((InMemoryLedger)ledger).EvaluationHistoryAsync(job, Token);

    [Theory]
    [InlineData(LedgerFault.FailBefore, false)]
    [InlineData(LedgerFault.Full, false)]
    [InlineData(LedgerFault.LoseAnswer, true)]
    public async Task A_fault_throws_before_or_after_the_write(LedgerFault fault, bool written)
    {
        var memory = (InMemoryLedger)Ledger;
        memory.Fault = c => c.Name == "chosen" ? fault : LedgerFault.None;
        await Assert.ThrowsAnyAsync<IOException>(
            () => memory.CommitAsync(new LedgerCommit("chosen", [Rows.Worker("box")]), Token));
        await Accepted(Rows.Worker("other"));
        Assert.Equal(written, await memory.FindWorkerAsync("box", Token) is not null);
        Assert.Equal(written ? 2 : 1, memory.Change);
    }
}
