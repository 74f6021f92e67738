using Sweeps.Abstractions.Trials;
using Sweeps.Core.Faults;
using Sweeps.Core.Ids;
using Sweeps.Worker.Calls;

namespace Sweeps.Worker.Attempts;

/// <summary>
/// Sends an attempt's reports in order, each repeated with its own number until it is answered. Stops for good when the
/// attempt is fenced or given up.
/// </summary>
internal sealed class ReportSender(
    IWorkerCalls calls,
    TimeProvider clock,
    JobId job,
    int attempt,
    Action<ReportAnswer> onAnswer,
    Action<Exception> onError,
    CancellationToken stop)
{
    private readonly Lock _gate = new();
    private Task<ReportAnswer?> _last = Task.FromResult<ReportAnswer?>(null);
    private long _sequence;
    private bool _fenced;

    /// <summary>Queues a report; attempt and sequence are filled in here.</summary>
    /// <returns>The answer; null when the attempt was given up before there was one.</returns>
    public Task<ReportAnswer?> Send(Report report)
    {
        lock (_gate)
        {
            report = report with { Attempt = attempt, Sequence = ++_sequence };
            return _last = SendAfterAsync(_last, report);
        }
    }

    private async Task<ReportAnswer?> SendAfterAsync(Task<ReportAnswer?> former, Report report)
    {
        // An answer may come at once: without this the lock above would be held over the call.
        await Task.Yield();
        await former.ConfigureAwait(false);
        if (_fenced)
        {
            return null;
        }

        CrashPoint.Hit("worker-before-report");
        try
        {
            var answer = await Repeat
                .UntilAnsweredAsync(() => calls.ReportAsync(job, report), clock, onError, stop)
                .ConfigureAwait(false);
            CrashPoint.Hit("worker-after-report");
            _fenced = answer.Fenced;
            onAnswer(answer);
            return answer;
        }
        catch (OperationCanceledException)
        {
            _fenced = true;
            return null;
        }
    }
}
