using Microsoft.Extensions.Logging.Abstractions;
using Sweeps.Abstractions;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Grains.Trials;
using Sweeps.Storage.Memory;

namespace Sweeps.Tests.Grains.Support;

/// <summary>A ledger whose commits can be held up.</summary>
internal sealed class SlowLedger : ILedger
{
    private InMemoryLedger _inner = null!;
    private TaskCompletionSource? _held;

    /// <summary>Another activation of trial 1 over this ledger.</summary>
    public TrialLogic Over(Bench bench)
    {
        _inner = bench.Ledger;
        return new TrialLogic(
            JobId.Train(Bench.SweepId, 1), this, bench.Ledger, bench, new LeaseOptions(), bench.Time, new Random(1), NullLogger.Instance);
    }

    public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => _held!.SetResult();

    public async Task<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellation = default)
    {
        if (_held is { } held)
        {
            await held.Task;
        }

        return await _inner.CommitAsync(commit, cancellation);
    }

    public Task<SweepRow?> FindSweepAsync(string sweep, CancellationToken cancellation = default) =>
        _inner.FindSweepAsync(sweep, cancellation);

    public Task<SweepRow?> FindLaunchAsync(string clientId, CancellationToken cancellation = default) =>
        _inner.FindLaunchAsync(clientId, cancellation);

    public Task<IReadOnlyList<string>> UnfinishedSweepsAsync(CancellationToken cancellation = default) =>
        _inner.UnfinishedSweepsAsync(cancellation);

    public Task<JobRecord?> FindJobAsync(JobId job, CancellationToken cancellation = default) =>
        _inner.FindJobAsync(job, cancellation);

    public Task<IReadOnlyList<JobRow>> JobsAsync(string sweep, long aboveChange = 0, CancellationToken cancellation = default) =>
        _inner.JobsAsync(sweep, aboveChange, cancellation);

    public Task<IReadOnlyList<InputRow>> InputsAsync(string sweep, CancellationToken cancellation = default) =>
        _inner.InputsAsync(sweep, cancellation);

    public Task<DecisionRow?> FindDecisionAsync(string sweep, int trial, int step, CancellationToken cancellation = default) =>
        _inner.FindDecisionAsync(sweep, trial, step, cancellation);

    public Task<WorkerRow?> FindWorkerAsync(string worker, CancellationToken cancellation = default) =>
        _inner.FindWorkerAsync(worker, cancellation);

    public Task<IReadOnlyList<CheckpointRow>> CheckpointsAsync(string sweep, CancellationToken cancellation = default) =>
        _inner.CheckpointsAsync(sweep, cancellation);

    public Task<IReadOnlySet<string>> PinnedObjectsAsync(CancellationToken cancellation = default) =>
        _inner.PinnedObjectsAsync(cancellation);
}
