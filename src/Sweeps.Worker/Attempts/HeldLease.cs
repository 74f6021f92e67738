using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Worker.Calls;

namespace Sweeps.Worker.Attempts;

/// <summary>
/// An attempt that this worker holds, from the grant until its end is answered: not yet started, running, or ended and
/// still to be reported. Thread-safe.
/// </summary>
internal sealed class HeldLease : IDisposable
{
    private readonly CancellationTokenSource _givenUp = new();
    private readonly Lock _gate = new();
    private readonly ReportSender _reports;
    private readonly Action<HeldLease> _onClosed;
    private Action? _onGivenUp;
    private Action? _onRelease;
    private bool _closed;

    /// <summary>Holds it.</summary>
    /// <param name="assignment">The work, with absolute paths.</param>
    /// <param name="slot">Slot.</param>
    /// <param name="life">Worker and incarnation that it was granted to.</param>
    /// <param name="calls">For the reports.</param>
    /// <param name="clock">For the pauses between repeated reports.</param>
    /// <param name="onReportError">Told of a report that was not answered.</param>
    /// <param name="onClosed">Told once, when it is held no more.</param>
    public HeldLease(
        JobAssignment assignment,
        int slot,
        WorkerLife life,
        IWorkerCalls calls,
        TimeProvider clock,
        Action<Exception> onReportError,
        Action<HeldLease> onClosed)
    {
        Assignment = assignment;
        Life = life;
        Held = new HeldJob(assignment.Job, assignment.Attempt, slot);
        _onClosed = onClosed;
        _reports = new ReportSender(
            calls, clock, assignment.Job, assignment.Attempt, OnAnswer, onReportError, _givenUp.Token);
    }

    /// <summary>The work.</summary>
    public JobAssignment Assignment { get; }

    /// <summary>As listed in beats.</summary>
    public HeldJob Held { get; }

    /// <summary>Who holds it.</summary>
    public WorkerLife Life { get; }

    /// <summary>The job.</summary>
    public JobId Job => Held.Job;

    /// <summary>The attempt.</summary>
    public int Attempt => Held.Attempt;

    /// <summary>The trainer's latest progress; null before the first.</summary>
    public ProgressFrame? Progress { get; set; }

    /// <summary>Ticks since the last answer about this attempt.</summary>
    public int Unanswered { get; set; }

    /// <summary>Ticks that it is held.</summary>
    public int Age { get; set; }

    /// <summary>A heartbeat is on its way.</summary>
    public bool Asking { get; set; }

    /// <summary>What is wanted, as the last answer said.</summary>
    public Wanted Wanted { get; private set; }

    /// <summary>Why it was given up; null while it is held.</summary>
    public string? GivenUp { get; private set; }

    /// <summary>Its end was handed to the reports.</summary>
    public bool Ending { get; private set; }

    /// <summary>Names whoever runs it: told at once if it is already given up or to be released.</summary>
    /// <param name="onGivenUp">It is to be abandoned, without a word.</param>
    /// <param name="onRelease">It is to write a checkpoint and end.</param>
    public void Attach(Action onGivenUp, Action onRelease)
    {
        bool release;
        bool givenUp;
        lock (_gate)
        {
            _onGivenUp = onGivenUp;
            _onRelease = onRelease;
            release = Wanted != Wanted.Run;
            givenUp = GivenUp is not null;
        }

        if (givenUp)
        {
            onGivenUp();
        }
        else if (release)
        {
            onRelease();
        }
    }

    /// <summary>Reports an offer or an event.</summary>
    public Task<ReportAnswer?> ReportAsync(Report report) => _reports.Send(report);

    /// <summary>Reports the end; the lease is closed once it is answered.</summary>
    public async Task EndAsync(AttemptEnd end)
    {
        Ending = true;
        await _reports.Send(new Report { Attempt = Attempt, Sequence = 0, End = end }).ConfigureAwait(false);
        Close();
    }

    /// <summary>A heartbeat was answered.</summary>
    public void OnAnswer(HeartbeatAnswer answer) => Apply(answer.Fenced, answer.Wanted, fromReport: false);

    /// <summary>Ends it without a word: fenced, out of reach, or a stale incarnation.</summary>
    public void GiveUp(string reason)
    {
        Action? tell;
        lock (_gate)
        {
            if (_closed || GivenUp is not null)
            {
                return;
            }

            GivenUp = reason;
            tell = _onGivenUp;
        }

        _givenUp.Cancel();
        tell?.Invoke();
        Close();
    }

    public void Dispose() => _givenUp.Dispose();

    private void OnAnswer(ReportAnswer answer) => Apply(answer.Fenced, answer.Wanted, fromReport: true);

    private void Apply(bool fenced, Wanted wanted, bool fromReport)
    {
        Unanswered = 0;
        if (fenced)
        {
            // After the end a heartbeat is fenced rightly: then the report's own answer counts.
            if (!Ending || fromReport)
            {
                GiveUp("fenced: another attempt holds the job, or it has ended");
            }

            return;
        }

        Action? tell;
        lock (_gate)
        {
            if (wanted == Wanted.Run || Wanted != Wanted.Run)
            {
                return;
            }

            Wanted = wanted;
            tell = _onRelease;
        }

        tell?.Invoke();
    }

    private void Close()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
        }

        _onClosed(this);
    }
}
