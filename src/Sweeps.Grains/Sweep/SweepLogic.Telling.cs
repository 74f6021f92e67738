using Sweeps.Abstractions.Dispatch;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Grains.Sweep;

/// <content>Hints to the dispatcher and to the jobs.</content>
internal sealed partial class SweepLogic
{
    /// <summary>Jobs poked in one go, at most: each commits, and its commit brings the next step.</summary>
    private const int MostPokes = 200;

    private readonly HashSet<JobId> _poked = [];
    private bool _pulse;
    private bool _tellHeld;
    private ReadyJob[]? _published;

    private void Publish()
    {
        if (_row is not { } row || _index is not { } index)
        {
            return;
        }

        var ready = SweepRules.Ready(row, index, Facts.Concurrency, Now)
            .Select(j => new ReadyJob(j.Id, j.Front, j.Worker, j.Slot))
            .ToArray();
        if (!_pulse && _published is { } before && before.AsSpan().SequenceEqual(ready))
        {
            return;
        }

        _published = ready;
        _peers.SetReady(new ReadyList(_id, index.Seen, ready));
    }

    private void PokeJobs()
    {
        var (row, index) = (_row!, _index!);
        if (_pulse)
        {
            _poked.Clear();
        }

        // On a pulse each held job is poked, so that a lease timer runs somewhere even if its worker never comes back.
        if (_pulse || _tellHeld)
        {
            foreach (var job in index.Held)
            {
                _peers.PokeJob(job.Id);
            }
        }

        (_pulse, _tellHeld) = (false, false);
        foreach (var job in Waiting(row, index).Take(MostPokes).ToArray())
        {
            _poked.Add(job.Id);
            _peers.PokeJob(job.Id);
        }
    }

    /// <summary>Jobs nobody holds that a wish moves: they carry it out by commits of their own.</summary>
    private IEnumerable<JobRow> Waiting(SweepRow row, SweepIndex index)
    {
        if (row.State.HasEnded())
        {
            return [];
        }

        var jobs = row.Wanted is Wanted.Cancel or Wanted.Stop
            ? index.All.Where(j => j.State is JobState.Queued or JobState.Paused)
            : index.Wished.Where(j => j is not { State: JobState.Paused, Wanted: Wanted.Run } || row.Wanted == Wanted.Run);
        return jobs.Where(j => !_poked.Contains(j.Id));
    }
}
