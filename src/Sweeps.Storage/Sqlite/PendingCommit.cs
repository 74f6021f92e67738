using Sweeps.Core.Ledger;

namespace Sweeps.Storage.Sqlite;

/// <summary>A commit in the queue, and what its caller waits for.</summary>
internal sealed class PendingCommit(LedgerCommit commit)
{
    private readonly TaskCompletionSource<CommitResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The commit.</summary>
    public LedgerCommit Commit => commit;

    /// <summary>The answer, given once the group is on disk.</summary>
    public Task<CommitResult> Answer => _answer.Task;

    /// <summary>What the group's transaction made of it so far; null while undecided.</summary>
    public CommitResult? Result { get; set; }

    /// <summary>Why it failed by itself; null when it did not.</summary>
    public Exception? Error { get; set; }

    /// <summary>Answers with <see cref="Result"/> or <see cref="Error"/>.</summary>
    public void Complete()
    {
        if (Error is not null)
        {
            _answer.TrySetException(Error);
        }
        else
        {
            _answer.TrySetResult(Result!);
        }
    }

    /// <summary>Answers with a failure of the whole group.</summary>
    public void Fail(Exception error) => _answer.TrySetException(error);
}
