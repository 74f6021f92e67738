using Sweeps.Core.States;
using Xunit;

namespace Sweeps.Tests.States;

/// <summary>Walks the whole of both tables: what is legal leads where it should, and everything else is refused.</summary>
public sealed class StateTableTests
{
    /// <summary>
    /// The rules of the protocol, said a second time in another form: from, by, to. The table is checked against this,
    /// pair by pair.
    /// </summary>
    private static readonly string[] JobRules =
    [
        "Queued Lease Leased", "Leased Start Running",
        "Leased,Running Requeue Queued",
        "Queued,Leased,Running Pause Paused", "Paused Resume Queued",
        "Leased,Running Complete Completed", "Leased,Running Fail Failed",
        "Queued,Leased,Running,Paused Stop Stopped", "Queued,Leased,Running,Paused Cancel Cancelled",
        "Failed,Cancelled Retry Queued",
    ];

    private static readonly string[] SweepRules =
    [
        "Preflight Start Running",
        "Preflight,Running Pause Paused", "Paused Resume Running", "Paused ResumePreflight Preflight",
        "Running Score Scoring", "Running,Scoring Complete Completed",
        "Preflight,Running Fail Failed",
        "Preflight,Running,Paused,Scoring Cancel Cancelled",
        "Failed,Cancelled Reopen Running",
    ];

    [Fact]
    public void Every_pair_of_a_job_is_legal_as_the_protocol_says_or_refused() =>
        Walk<JobState, JobTransition>(JobRules, StateTable.Jobs, StateTable.Next);

    [Fact]
    public void Every_pair_of_a_sweep_is_legal_as_the_protocol_says_or_refused() =>
        Walk<SweepState, SweepTransition>(SweepRules, StateTable.Sweeps, StateTable.Next);

    [Fact]
    public void Every_state_of_a_job_is_reached_from_queued() => AllReached(StateTable.Jobs, JobState.Queued);

    [Fact]
    public void Every_state_of_a_sweep_is_reached_from_preflight() => AllReached(StateTable.Sweeps, SweepState.Preflight);

    [Fact]
    public void From_every_state_that_has_not_ended_an_end_can_be_reached()
    {
        Assert.All(
            Enum.GetValues<JobState>().Where(state => !state.HasEnded()),
            state => Assert.Contains(Reached(StateTable.Jobs, state), reached => reached.HasEnded()));
        Assert.All(
            Enum.GetValues<SweepState>().Where(state => !state.HasEnded()),
            state => Assert.Contains(Reached(StateTable.Sweeps, state), reached => reached.HasEnded()));
    }

    [Fact]
    public void What_has_ended_is_left_only_by_a_retry()
    {
        Assert.All(
            StateTable.Jobs.Where(entry => entry.Key.From.HasEnded()),
            entry => Assert.Equal(JobTransition.Retry, entry.Key.Transition));
        Assert.All(
            StateTable.Sweeps.Where(entry => entry.Key.From.HasEnded()),
            entry => Assert.Equal(SweepTransition.Reopen, entry.Key.Transition));
        Assert.DoesNotContain(StateTable.Jobs.Keys, key => key.From is JobState.Completed or JobState.Stopped);
        Assert.DoesNotContain(StateTable.Sweeps.Keys, key => key.From is SweepState.Completed);
    }

    [Fact]
    public void Every_transition_is_used_and_only_a_lease_holds()
    {
        Assert.Equal(Enum.GetValues<JobTransition>(), StateTable.Jobs.Keys.Select(key => key.Transition).Distinct().Order());
        Assert.Equal(Enum.GetValues<SweepTransition>(), StateTable.Sweeps.Keys.Select(key => key.Transition).Distinct().Order());
        Assert.All(
            StateTable.Jobs.Where(entry => entry.Value.IsHeld() && !entry.Key.From.IsHeld()),
            entry => Assert.Equal(JobTransition.Lease, entry.Key.Transition));
    }

    [Fact]
    public void The_stronger_wish_is_the_larger_one() =>
        Assert.Equal([Wanted.Run, Wanted.Pause, Wanted.Stop, Wanted.Cancel], Enum.GetValues<Wanted>().Order());

    [Theory]
    [InlineData(FailureClass.Crash, true)]
    [InlineData(FailureClass.OutOfMemory, true)]
    [InlineData(FailureClass.NonFiniteLoss, true)]
    [InlineData(FailureClass.Hang, true)]
    [InlineData(FailureClass.BadData, false)]
    [InlineData(FailureClass.BadSpec, false)]
    [InlineData(FailureClass.Poison, false)]
    public void Only_what_another_try_can_mend_is_retried(FailureClass failure, bool retried) =>
        Assert.Equal(retried, RetryRules.MayRetry(failure));

    [Fact]
    public void The_first_retry_is_at_once_and_later_ones_back_off_with_jitter()
    {
        Assert.Equal(TimeSpan.Zero, RetryRules.Delay(1, 0.9));
        Assert.Equal(TimeSpan.FromSeconds(1), RetryRules.Delay(2, 0));
        Assert.Equal(TimeSpan.FromSeconds(2), RetryRules.Delay(2, 0.5));
        Assert.Equal(TimeSpan.FromSeconds(4), RetryRules.Delay(3, 0.5));
        Assert.Equal(TimeSpan.FromSeconds(60), RetryRules.Delay(1_000, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => RetryRules.Delay(0, 0.5));
    }

    private static void Walk<TState, TTransition>(
        string[] rules,
        IReadOnlyDictionary<(TState From, TTransition Transition), TState> table,
        Func<TState, TTransition, TState> next)
        where TState : struct, Enum
        where TTransition : struct, Enum
    {
        var legal = new Dictionary<(TState, TTransition), TState>();
        foreach (var rule in rules.Select(rule => rule.Split(' ')))
        {
            foreach (var from in rule[0].Split(','))
            {
                legal.Add((Enum.Parse<TState>(from), Enum.Parse<TTransition>(rule[1])), Enum.Parse<TState>(rule[2]));
            }
        }

        foreach (var from in Enum.GetValues<TState>())
        {
            foreach (var transition in Enum.GetValues<TTransition>())
            {
                if (legal.TryGetValue((from, transition), out var to))
                {
                    Assert.Equal(to, next(from, transition));
                }
                else
                {
                    var error = Assert.Throws<InvalidOperationException>(() => next(from, transition));
                    Assert.Contains(from.ToString(), error.Message, StringComparison.Ordinal);
                    Assert.Contains(transition.ToString(), error.Message, StringComparison.Ordinal);
                }
            }
        }

        Assert.Equal(legal.Count, table.Count);
    }

    private static void AllReached<TState, TTransition>(
        IReadOnlyDictionary<(TState From, TTransition Transition), TState> table, TState start)
        where TState : struct, Enum =>
        Assert.Equal(Enum.GetValues<TState>(), Reached(table, start).Order());

    private static HashSet<TState> Reached<TState, TTransition>(
        IReadOnlyDictionary<(TState From, TTransition Transition), TState> table, TState start)
        where TState : struct, Enum
    {
        var reached = new HashSet<TState> { start };
        var open = new Queue<TState>([start]);
        while (open.TryDequeue(out var state))
        {
            foreach (var (_, to) in table.Where(entry => entry.Key.From.Equals(state)))
            {
                if (reached.Add(to))
                {
                    open.Enqueue(to);
                }
            }
        }

        return reached;
    }
}
