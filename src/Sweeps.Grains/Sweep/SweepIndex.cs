using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Grains.Sweep;

/// <summary>A sweep's jobs in memory: filled by one query, then kept up by the rows above the change number it has seen.</summary>
internal sealed class SweepIndex
{
    private readonly Dictionary<JobId, JobRow> _jobs = [];
    private readonly SortedDictionary<JobId, JobRow> _held = [];
    private readonly Dictionary<JobKind, SortedSet<JobRow>> _queued =
        Enum.GetValues<JobKind>().ToDictionary(k => k, _ => new SortedSet<JobRow>(QueueOrder.Instance));

    private readonly SortedDictionary<JobId, JobRow> _wished = [];
    private readonly Dictionary<(JobKind Kind, JobState State), int> _counts = [];

    /// <summary>The highest change number applied.</summary>
    public long Seen { get; private set; }

    /// <summary>Jobs that hold a lease, by id.</summary>
    public IReadOnlyCollection<JobRow> Held => _held.Values;

    /// <summary>All jobs.</summary>
    public IReadOnlyCollection<JobRow> All => _jobs.Values;

    /// <summary>Jobs nobody holds, not ended, that are paused or have a wish of their own.</summary>
    public IReadOnlyCollection<JobRow> Wished => _wished.Values;

    /// <summary>Takes a row over; older ones than the known are ignored.</summary>
    public void Apply(JobRow row)
    {
        Seen = Math.Max(Seen, row.Change);
        if (_jobs.TryGetValue(row.Id, out var old))
        {
            if (old.Change >= row.Change)
            {
                return;
            }

            _counts[(old.Id.Kind, old.State)]--;
            _held.Remove(old.Id);
            _wished.Remove(old.Id);
            _queued[old.Id.Kind].Remove(old);
        }

        _jobs[row.Id] = row;
        _counts[(row.Id.Kind, row.State)] = Count(row.Id.Kind, row.State) + 1;
        if (row.State.IsHeld())
        {
            _held.Add(row.Id, row);
        }
        else if (row.State == JobState.Queued)
        {
            _queued[row.Id.Kind].Add(row);
        }

        if (row.State == JobState.Paused || (row.State == JobState.Queued && row.Wanted != Wanted.Run))
        {
            _wished.Add(row.Id, row);
        }
    }

    /// <summary>Jobs of a kind in a state.</summary>
    public int Count(JobKind kind, JobState state) => _counts.GetValueOrDefault((kind, state));

    /// <summary>Jobs of a kind.</summary>
    public IEnumerable<JobRow> Of(JobKind kind) => _jobs.Values.Where(j => j.Id.Kind == kind);

    /// <summary>Queued jobs of a kind: the front ones, then by number.</summary>
    public IEnumerable<JobRow> Queued(JobKind kind) => _queued[kind];

    /// <summary>Jobs of a kind that have not ended.</summary>
    public int Unfinished(JobKind kind) =>
        Count(kind, JobState.Queued) + Count(kind, JobState.Leased) + Count(kind, JobState.Running) + Count(kind, JobState.Paused);

    /// <summary>Jobs that have not ended.</summary>
    public int Unfinished() =>
        Unfinished(JobKind.Train) + Unfinished(JobKind.Preflight) + Unfinished(JobKind.Evaluate);

    /// <summary>Trials by state; states without any are left out.</summary>
    public IReadOnlyDictionary<JobState, int> TrialCounts() =>
        Enum.GetValues<JobState>()
            .Select(s => (State: s, Count: Count(JobKind.Train, s)))
            .Where(x => x.Count > 0)
            .ToDictionary(x => x.State, x => x.Count);

    private sealed class QueueOrder : IComparer<JobRow>
    {
        public static QueueOrder Instance { get; } = new();

        public int Compare(JobRow? x, JobRow? y)
        {
            if (x is null || y is null)
            {
                return (x is null ? 0 : 1) - (y is null ? 0 : 1);
            }

            // What a silo died over goes last, so that it holds nobody else up; see JobRules.SuspectDeaths.
            var suspect = IsSuspect(x).CompareTo(IsSuspect(y));
            if (suspect != 0)
            {
                return suspect;
            }

            var front = y.Front.CompareTo(x.Front);
            return front != 0 ? front : x.Id.CompareTo(y.Id);
        }

        private static bool IsSuspect(JobRow row) => row.SiloDeaths >= Trials.JobRules.SuspectDeaths;
    }
}
