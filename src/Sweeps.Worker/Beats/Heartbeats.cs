using Microsoft.Extensions.Logging;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Worker.Attempts;
using Sweeps.Worker.Calls;
using Sweeps.Worker.Slots;

namespace Sweeps.Worker.Beats;

/// <summary>
/// Says that the worker and each attempt it holds are alive, and gives an attempt up that nobody answers for. Driven by
/// <see cref="Tick"/> alone.
/// </summary>
/// <param name="options">Options.</param>
/// <param name="state">What is held.</param>
/// <param name="calls">Calls.</param>
/// <param name="onStale">Told once a beat says that this incarnation is not the current one.</param>
/// <param name="log">Log.</param>
internal sealed partial class Heartbeats(
    WorkerOptions options, WorkerState state, IWorkerCalls calls, Action<WorkerLife> onStale, ILogger log)
{
    private int _sinceBeat;
    private volatile bool _beating;

    /// <summary>A beat of the worker is on its way.</summary>
    public bool IsBeating => _beating;

    /// <summary>A tick has passed.</summary>
    /// <param name="slept">
    /// Time has passed unseen (a machine that slept, a stopped process): everyone is asked at once, and nothing counts as
    /// unanswered before they had the time to answer.
    /// </param>
    public void Tick(bool slept)
    {
        foreach (var lease in state.Held)
        {
            TickLease(lease, slept);
        }

        if (++_sinceBeat >= options.Ticks(options.Heartbeat) || slept)
        {
            _sinceBeat = 0;
            if (!_beating && state.Life.Incarnation > 0)
            {
                _beating = true;
                _ = BeatAsync();
            }
        }
    }

    /// <summary>Listens for wishes: the jobs that they concern are asked about at once. A lost one comes with the next heartbeat.</summary>
    public async Task ListenAsync(TimeProvider clock, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var began = clock.GetTimestamp();
                var nudge = await Repeat
                    .UntilAnsweredAsync(() => calls.WaitForNudgeAsync(state.Life.Incarnation), clock, null, stop)
                    .ConfigureAwait(false);
                foreach (var lease in state.Held.Where(lease => nudge.Jobs.Contains(lease.Job)))
                {
                    Ask(lease);
                }

                if (nudge.Jobs.Count == 0 && clock.GetElapsedTime(began) < options.Tick)
                {
                    // Not the current incarnation: the beats find out; this must not become a busy loop.
                    await Task.Delay(options.Tick, clock, stop).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private void TickLease(HeldLease lease, bool slept)
    {
        lease.Age++;
        lease.Unanswered = slept ? 0 : lease.Unanswered + 1;
        if (lease.Unanswered > options.Ticks(options.SelfFence))
        {
            LogSelfFenced(lease.Job.ToString(), lease.Attempt);
            lease.GiveUp("unanswered for too long");
            return;
        }

        // The first heartbeat of an attempt is written down; one that ends within a tick does without.
        if (lease.Age > 1 && (slept || lease.Age == 2 || lease.Age % options.Ticks(options.JobHeartbeat) == 0))
        {
            Ask(lease);
        }
    }

    /// <summary>Sends a heartbeat of an attempt now, unless one is on its way.</summary>
    public void Ask(HeldLease lease)
    {
        if (!lease.Asking)
        {
            lease.Asking = true;
            _ = AskAsync(lease);
        }
    }

    private async Task AskAsync(HeldLease lease)
    {
        try
        {
            // Off the ticking loop: a call may run a good way before it first waits.
            await Task.Yield();
            var request = new HeartbeatRequest(lease.Attempt, lease.Life, lease.Held.Slot, lease.Progress);
            lease.OnAnswer(await calls.HeartbeatAsync(lease.Job, request).ConfigureAwait(false));
        }
        catch (Exception e)
        {
            LogUnanswered(lease.Job.ToString(), e.Message);
        }
        finally
        {
            lease.Asking = false;
        }
    }

    private async Task BeatAsync()
    {
        try
        {
            await Task.Yield();
            var life = state.Life;
            var answer = await calls
                .BeatAsync(new WorkerBeat(life.Incarnation, state.HeldJobs(), state.Quarantined))
                .ConfigureAwait(false);
            if (!answer.Current)
            {
                onStale(life);
            }
        }
        catch (Exception e)
        {
            LogUnanswered("worker", e.Message);
        }
        finally
        {
            _beating = false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Job} attempt {Attempt}: heartbeats were not answered; this worker gives it up")]
    private partial void LogSelfFenced(string job, int attempt);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Heartbeat of {Who} was not answered: {Reason}")]
    private partial void LogUnanswered(string who, string reason);
}
