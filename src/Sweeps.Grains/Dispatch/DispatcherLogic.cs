using Sweeps.Abstractions.Dispatch;
using Sweeps.Core.Ids;

namespace Sweeps.Grains.Dispatch;

/// <summary>
/// Brings free slots and ready jobs together, without Orleans. Memory only: whatever it forgets is told again by the
/// sweeps' pulses and asked again by the slots.
/// </summary>
internal sealed class DispatcherLogic(TimeProvider time)
{
    /// <summary>A slot waits so long for a job.</summary>
    public static readonly TimeSpan SlotWait = TimeSpan.FromSeconds(10);

    /// <summary>An offer that nobody leased lapses after this.</summary>
    public static readonly TimeSpan OfferLife = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, ReadyQueue> _sweeps = new(StringComparer.Ordinal);
    private readonly Dictionary<JobId, Offer> _offers = [];
    private readonly Dictionary<SlotKey, Waiter> _waiting = [];
    private readonly Dictionary<SlotKey, Offer> _lastOffer = [];
    private long _turn;

    /// <summary>Jobs ready and slots waiting.</summary>
    public DispatcherStatus Status => new(
        _sweeps.Values.Sum(s => s.Jobs.Count(j => !_offers.ContainsKey(j.Job))), _waiting.Count);

    /// <summary>A job for the slot, within <see cref="SlotWait"/>; null: none, ask again.</summary>
    public Task<JobId?> WaitForJobAsync(SlotRequest request)
    {
        var slot = new SlotKey(request.Worker, request.Slot);
        if (_lastOffer.TryGetValue(slot, out var last) && IsAlive(last))
        {
            if (last.Request == request)
            {
                return Task.FromResult<JobId?>(last.Job);
            }

            if (IsOlder(request, last.Request))
            {
                return Task.FromResult<JobId?>(null);
            }

            // The slot has moved on, so it will not lease what it was offered.
            Withdraw(last);
        }

        if (_waiting.Remove(slot, out var before))
        {
            if (IsOlder(request, before.Request))
            {
                _waiting[slot] = before;
                return Task.FromResult<JobId?>(null);
            }

            before.Answer.TrySetResult(null);
        }

        var waiter = new Waiter(
            request, time.GetTimestamp(), new TaskCompletionSource<JobId?>(TaskCreationOptions.RunContinuationsAsynchronously));
        _waiting[slot] = waiter;
        Match();
        return waiter.Answer.Task;
    }

    /// <summary>Replaces a sweep's ready jobs. Lists drawn up before the one known are ignored.</summary>
    public void SetReady(ReadyList list)
    {
        if (!_sweeps.TryGetValue(list.Sweep, out var queue))
        {
            _sweeps[list.Sweep] = queue = new ReadyQueue();
        }

        if (list.Seen < queue.Seen)
        {
            return;
        }

        queue.Seen = list.Seen;
        foreach (var settled in queue.Settled.Where(s => s.Value <= list.Seen).ToArray())
        {
            queue.Settled.Remove(settled.Key);
        }

        // The sweep has seen the commit that put a job to the front: from here its list says so.
        queue.Fronts.RemoveAll(f => f.Change <= list.Seen);
        var fronts = queue.Fronts.Select(f => f.Job).Where(f => list.Jobs.All(j => j.Job != f.Job));
        queue.Jobs = [.. fronts.Concat(list.Jobs).Where(j => !queue.Settled.ContainsKey(j.Job))];
        if (queue.Jobs.Count == 0 && queue.Settled.Count == 0)
        {
            // Its change number is not needed: an older list that arrives late names jobs that refuse their lease.
            _sweeps.Remove(list.Sweep);
        }

        Match();
    }

    /// <summary>A job goes on at once, ahead of its sweep's next list; drawn up before that commit, a list does not take it away.</summary>
    public void Front(ReadyJob job, long change)
    {
        if (!_sweeps.TryGetValue(job.Job.Sweep, out var queue))
        {
            _sweeps[job.Job.Sweep] = queue = new ReadyQueue();
        }

        if (queue.Settled.TryGetValue(job.Job, out var settled))
        {
            if (settled >= change)
            {
                return;
            }

            queue.Settled.Remove(job.Job);
        }

        if (change > queue.Seen)
        {
            queue.Fronts.RemoveAll(f => f.Job.Job == job.Job);
            queue.Fronts.Add((job, change));
            queue.Jobs.RemoveAll(j => j.Job == job.Job);
            queue.Jobs.Insert(0, job);
            Match();
        }
    }

    /// <summary>The job is leased or can't be: it is ready no more, until a list drawn up after that commit says so.</summary>
    public void Settle(JobId job, long change)
    {
        if (_offers.TryGetValue(job, out var offer))
        {
            Withdraw(offer);
        }

        if (!_sweeps.TryGetValue(job.Sweep, out var queue))
        {
            return;
        }

        queue.Jobs.RemoveAll(j => j.Job == job);
        queue.Fronts.RemoveAll(f => f.Job.Job == job && f.Change <= change);
        if (change > queue.Seen)
        {
            queue.Settled[job] = change;
        }
    }

    /// <summary>A worker drains: its slots go away empty-handed, and what they were offered goes to others.</summary>
    public void Leave(string worker, long incarnation)
    {
        foreach (var (slot, waiter) in _waiting.Where(w => IsOf(w.Value.Request, worker, incarnation)).ToArray())
        {
            _waiting.Remove(slot);
            waiter.Answer.TrySetResult(null);
        }

        foreach (var offer in _offers.Values.Where(o => IsOf(o.Request, worker, incarnation)).ToArray())
        {
            Withdraw(offer);
        }

        Match();
    }

    /// <summary>Every tick: offers lapse, and slots that waited long enough go away empty-handed.</summary>
    public void Tick()
    {
        foreach (var offer in _offers.Values.Where(o => !IsAlive(o)).ToArray())
        {
            Withdraw(offer);
        }

        foreach (var (slot, waiter) in _waiting.Where(w => time.GetElapsedTime(w.Value.Since) >= SlotWait).ToArray())
        {
            _waiting.Remove(slot);
            waiter.Answer.TrySetResult(null);
        }

        Match();
    }

    private static bool IsOf(SlotRequest request, string worker, long incarnation) =>
        request.Worker == worker && request.Incarnation <= incarnation;

    private bool IsAlive(Offer offer) =>
        _offers.TryGetValue(offer.Job, out var current)
        && ReferenceEquals(current, offer)
        && time.GetElapsedTime(offer.At) < OfferLife;

    private static bool IsOlder(SlotRequest request, SlotRequest known) =>
        request.Incarnation < known.Incarnation
        || (request.Incarnation == known.Incarnation && request.Request < known.Request);

    private void Withdraw(Offer offer)
    {
        if (_offers.TryGetValue(offer.Job, out var current) && ReferenceEquals(current, offer))
        {
            _offers.Remove(offer.Job);
        }

        var slot = new SlotKey(offer.Request.Worker, offer.Request.Slot);
        if (_lastOffer.TryGetValue(slot, out var last) && ReferenceEquals(last, offer))
        {
            _lastOffer.Remove(slot);
        }
    }

    private void Match()
    {
        while (_waiting.Count > 0 && NextJob() is var (queue, job))
        {
            var waiter = BestSlot(job);
            var slot = new SlotKey(waiter.Request.Worker, waiter.Request.Slot);
            var offer = new Offer(job.Job, waiter.Request, time.GetTimestamp());
            _waiting.Remove(slot);
            _offers[job.Job] = offer;
            _lastOffer[slot] = offer;
            queue.LastTurn = ++_turn;
            waiter.Answer.TrySetResult(job.Job);
        }
    }

    /// <summary>Front jobs before all others; between sweeps, the one served longest ago.</summary>
    private (ReadyQueue Queue, ReadyJob Job)? NextJob()
    {
        (ReadyQueue Queue, ReadyJob Job)? best = null;
        foreach (var queue in _sweeps.Values)
        {
            if (queue.Jobs.FirstOrDefault(j => !_offers.ContainsKey(j.Job)) is not { } job)
            {
                continue;
            }

            if (best is not { } b
                || (job.Front && !b.Job.Front)
                || (job.Front == b.Job.Front && queue.LastTurn < b.Queue.LastTurn))
            {
                best = (queue, job);
            }
        }

        return best;
    }

    /// <summary>The slot that held the job last, else another of its worker, else the one that waits longest.</summary>
    private Waiter BestSlot(ReadyJob job)
    {
        if (job.PreferWorker is { } worker)
        {
            if (job.PreferSlot is { } slot && _waiting.TryGetValue(new SlotKey(worker, slot), out var same))
            {
                return same;
            }

            if (_waiting.Values.Where(w => w.Request.Worker == worker).MinBy(w => w.Since) is { } near)
            {
                return near;
            }
        }

        return _waiting.Values.MinBy(w => w.Since)!;
    }

    private readonly record struct SlotKey(string Worker, int Slot);

    private sealed record Waiter(SlotRequest Request, long Since, TaskCompletionSource<JobId?> Answer);

    private sealed record Offer(JobId Job, SlotRequest Request, long At);

    private sealed class ReadyQueue
    {
        public long Seen { get; set; }

        public List<ReadyJob> Jobs { get; set; } = [];

        /// <summary>Jobs settled by a commit that the list does not know yet, with its change number.</summary>
        public Dictionary<JobId, long> Settled { get; } = [];

        /// <summary>Front jobs told by a commit that the list does not know yet, with its change number.</summary>
        public List<(ReadyJob Job, long Change)> Fronts { get; } = [];

        public long LastTurn { get; set; }
    }
}
