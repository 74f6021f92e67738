using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Grains.Trials;

/// <content>How attempts end.</content>
internal sealed partial class TrialLogic
{
    private async Task WriteEndAsync(JobRecord record, Report report, AttemptEnd end)
    {
        // What is wanted decides where the job goes, so the sweep's row is read afresh.
        await ReadSweepAsync();
        var job = record.Job with { Sequence = report.Sequence };
        var message = end.Message is { Length: > LongestMessage } m ? m[..LongestMessage] : end.Message;
        switch (end.Outcome)
        {
            case AttemptOutcome.Completed when MissingResult(record) is { } missing:
                await FailAsync(record, job, FailureClass.Crash, missing);
                return;
            case AttemptOutcome.Completed:
                // Beats any pending wish: the work is done.
                var (done, transition) = JobRules.Move(job, JobTransition.Complete, Now);
                done = done with
                {
                    FinalSha256 = end.FinalSha256 ?? job.FinalSha256,
                    BestSha256 = end.BestSha256 ?? job.BestSha256,
                    FailureClass = null,
                    Message = message,
                };
                await EndAsync(record, done, transition, "completed", message);
                return;
            case AttemptOutcome.Failed:
                await FailAsync(record, job, end.Failure ?? FailureClass.Crash, message ?? "it failed without a word");
                return;
            default:
                var (released, how) = JobRules.AfterRelease(job, Wish(record), Now);
                await EndAsync(record, released, how, "released", message);
                return;
        }
    }

    private async Task FailAsync(JobRecord record, JobRow job, FailureClass failure, string message)
    {
        var retries = JobRules.Retries(_job.Kind, failure, Facts(_sweep!).Retries);
        var (next, transition) = JobRules.AfterFailure(
            job, Wish(record), failure, message, retries, _random.NextDouble(), Now);
        await EndAsync(record, next, transition, "failed", message, failure);
    }

    /// <summary>Why a job can't be completed yet; null when it can.</summary>
    private string? MissingResult(JobRecord record) => _job.Kind switch
    {
        JobKind.Train when !record.Checkpoints.Any(c => c is { IsFinal: true, Status: CheckpointStatus.Kept }) =>
            "it said done, but no final checkpoint of it is committed",
        JobKind.Evaluate when record.Job.BestValue is null =>
            "it said done, but no test evaluation of it is committed",
        _ => null,
    };

    /// <summary>Commits the end of the open attempt and the job's next state.</summary>
    private async Task EndAsync(
        JobRecord record,
        JobRow next,
        JobTransition transition,
        string outcome,
        string? message,
        FailureClass? failure = null)
    {
        var ended = (outcome, transition) switch
        {
            ("released", JobTransition.Pause) => "paused",
            ("released", JobTransition.Stop) => "stopped",
            ("released", JobTransition.Cancel) => "cancelled",
            _ => outcome,
        };
        var rows = new List<LedgerRow>();
        if (record.OpenAttempt is { } attempt)
        {
            rows.Add(attempt with
            {
                EndedAt = Now,
                Outcome = ended,

                // A lost attempt has no class, but the one that quarantines its job: that is a failure to count.
                FailureClass = failure ?? (next.FailureClass == FailureClass.Poison && transition == JobTransition.Fail ? FailureClass.Poison : null),
                Message = message,
            });
        }

        var (kind, words) = ended switch
        {
            "failed" => ("attempt-failed", $"attempt {next.Attempt} failed ({Word(failure)}): {message}"),
            "lost" => ("lease-lost", $"attempt {next.Attempt} is lost: {message}"),
            _ => (ended, message ?? $"attempt {next.Attempt} {ended}"),
        };
        rows.Add(Happened(kind, words, next.Attempt));
        if (transition == JobTransition.Fail)
        {
            var poison = next.FailureClass == FailureClass.Poison;
            rows.Add(Happened(poison ? "quarantined" : "failed", next.Message ?? "no retry is left"));
        }

        rows.AddRange(DroppedAtEnd(record, next));
        var change = await CommitAsync(transition.ToString().ToLowerInvariant(), record, next, rows);
        _progress = null;
        if (next is { State: JobState.Queued, Front: true, NotBefore: 0, SiloDeaths: < JobRules.SuspectDeaths })
        {
            _peers.Front(_job, next.Worker, next.Slot, change);
        }
    }

    /// <summary>A job that ended with a result keeps its best weights only, unless the sweep asks for all.</summary>
    private IEnumerable<CheckpointRow> DroppedAtEnd(JobRecord record, JobRow next) =>
        _job.Kind == JobKind.Train
        && next.State is JobState.Completed or JobState.Stopped
        && !Facts(_sweep!).KeepCheckpoints
            ? CheckpointRules.DropAtEnd(record.Checkpoints)
            : [];

    private static string Word(FailureClass? failure) => failure switch
    {
        FailureClass.OutOfMemory => "out of memory",
        FailureClass.NonFiniteLoss => "non-finite loss",
        FailureClass.BadData => "bad data",
        FailureClass.BadSpec => "bad spec",
        null => "unknown",
        _ => failure.Value.ToString().ToLowerInvariant(),
    };
}
