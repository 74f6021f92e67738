using Microsoft.Extensions.Logging;
using Sweeps.Abstractions.Sweep;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.States;
using Sweeps.Grains.Logic;

namespace Sweeps.Grains.Sweep;

/// <summary>
/// One sweep, without Orleans: it follows its jobs' rows by change number and takes each step that the rows allow. A step
/// is derived from rows alone, so it is taken all the same after any crash.
/// </summary>
/// <remarks>
/// The sweep's row is read before its jobs' rows: whoever leases a job guards the sweep's version, so a wish seen in the
/// row means that no lease after it exists.
/// </remarks>
internal sealed partial class SweepLogic
{
    private readonly string _id;
    private readonly ILedger _ledger;
    private readonly ILaunchPlanner _planner;
    private readonly ISweepPeers _peers;
    private readonly TimeProvider _time;
    private readonly Serial _serial;

    private SweepRow? _row;
    private SweepFacts? _facts;
    private SweepIndex? _index;
    private bool _stepQueued;

    public SweepLogic(
        string id, ILedger ledger, ILaunchPlanner planner, ISweepPeers peers, TimeProvider time, ILogger logger)
    {
        _id = id;
        _ledger = ledger;
        _planner = planner;
        _peers = peers;
        _time = time;
        _serial = new Serial(id, Forget, logger);
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private SweepFacts Facts => _facts ??= SweepsJson.Read<SweepFacts>(_row!.FactsJson);

    /// <summary>
    /// A pulse (0) or a hint: reads the rows above the change seen and takes every step they allow. Hints that arrive
    /// while one is waiting are one.
    /// </summary>
    public async Task PokeAsync(long change)
    {
        _pulse |= change == 0;
        if (_stepQueued || (change != 0 && _index is { } index && change <= index.Seen))
        {
            return;
        }

        _stepQueued = true;
        await _serial.RunAsync(StepAsync);
    }

    /// <summary>Every second: retries that have become due, and <c>max_time</c>.</summary>
    public async Task TickAsync()
    {
        if (_row is not { } row || _index is null || row.State.HasEnded())
        {
            return;
        }

        if (IsOutOfTime(row))
        {
            await _serial.RunAsync(StepAsync);
        }
        else
        {
            Publish();
        }
    }

    /// <summary>What pages show.</summary>
    public async Task<LiveSweep?> LiveAsync()
    {
        if (_row is null || _index is null)
        {
            await PokeAsync(0);
        }

        if (_row is not { } row || _index is not { } index)
        {
            return null;
        }

        var running = await Task.WhenAll(index.Held.Take(64).Select(j => _peers.LiveAsync(j.Id)).ToArray());
        LiveTrial[] live = [.. running.OfType<LiveTrial>()];
        return new LiveSweep(
            _id,
            row.State,
            row.Wanted,
            index.TrialCounts(),
            SweepRules.SecondsLeft(row, Facts, index, live),
            live);
    }

    private void Forget()
    {
        _row = null;
        _index = null;
        _published = null;
    }

    /// <summary>Reads the rows above the change seen, and the sweep's own before them unless a remembered one will do.</summary>
    private async Task<bool> LoadAsync(bool remembered = false)
    {
        var row = remembered && _row is { } known ? known : await _ledger.FindSweepAsync(_id);
        if (row is null)
        {
            Forget();
            return false;
        }

        var index = _index ?? new SweepIndex();
        foreach (var job in await _ledger.JobsAsync(_id, index.Seen))
        {
            index.Apply(job);
        }

        _row = row;
        _index = index;
        return true;
    }

    private async Task StepAsync()
    {
        // What is told from here on needs a step of its own.
        _stepQueued = false;

        // A hint is about a job. The sweep's own row is this activation's, or a commit on it is refused; pulses read it.
        if (!await LoadAsync(remembered: !_pulse))
        {
            return;
        }

        while (await AdvanceAsync())
        {
            // The job rows of that commit, and whatever happened meanwhile.
            await LoadAsync(remembered: true);
        }

        Publish();
        PokeJobs();
    }

    private async Task CommitAsync(string name, SweepRow next, SweepTransition? transition, params LedgerRow[] rows)
    {
        var row = _row!;
        if (transition is { } t && row.State.Next(t) != next.State)
        {
            throw new InvalidOperationException($"a sweep that is {row.State} does not become {next.State} by {t}");
        }

        var written = next with { Version = row.Version };
        var result = await _ledger.CommitAsync(new LedgerCommit(name, [written, .. rows]));
        if (!result.Accepted)
        {
            throw new StaleVersionException($"'{name}' was refused: {result.Conflict}");
        }

        _row = written with { Version = row.Version + 1, Change = result.Change };
        _poked.Clear();
    }

    private EventRow Happened(string kind, string message) =>
        new() { At = Now, Sweep = _id, Kind = kind, Message = message };

    private static string Word(SweepState state) => state.ToString().ToLowerInvariant();
}
