using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Grains.Trials;
using Xunit;

namespace Sweeps.Tests.Grains.Trials;

/// <summary>The pure rules keep to the table of states, for every combination.</summary>
public sealed class JobRulesTests
{
    private static readonly JobRow Row = new() { Id = JobId.Train("s", 1), State = JobState.Running };

    [Fact]
    public void Whatever_ends_an_attempt_leads_to_a_state_that_the_table_knows()
    {
        foreach (var state in new[] { JobState.Leased, JobState.Running })
        {
            foreach (var wish in Enum.GetValues<Wanted>())
            {
                var job = Row with { State = state, SiloDeaths = 4 };
                var ends = new List<(JobRow Row, JobTransition Transition)>
                {
                    JobRules.AfterRelease(job, wish, 1),
                    JobRules.AfterLoss(job, wish, siloDied: false, 1),
                    JobRules.AfterLoss(job, wish, siloDied: true, 1),
                };
                ends.AddRange(Enum.GetValues<FailureClass>().SelectMany(c => new[] { 0, 3 }.Select(r => JobRules.AfterFailure(job, wish, c, "m", r, 0.5, 1))));
                foreach (var (row, transition) in ends)
                {
                    Assert.Equal(StateTable.Jobs[(state, transition)], row.State);
                    Assert.Equal(row.State.HasEnded(), row.FinishedAt is not null);
                    Assert.False(row.State.IsHeld());
                    Assert.True(row.State == JobState.Queued || row is { Front: false, NotBefore: 0 });
                }
            }
        }
    }

    [Fact]
    public void What_the_table_does_not_know_is_refused()
    {
        foreach (var state in Enum.GetValues<JobState>())
        {
            foreach (var transition in Enum.GetValues<JobTransition>())
            {
                var job = Row with { State = state };
                if (StateTable.Jobs.ContainsKey((state, transition)))
                {
                    Assert.Equal(StateTable.Jobs[(state, transition)], JobRules.Move(job, transition, 1).Row.State);
                }
                else
                {
                    Assert.Throws<InvalidOperationException>(() => JobRules.Move(job, transition, 1));
                }
            }
        }
    }

    [Theory]
    [InlineData(JobKind.Train, Wanted.Stop, Wanted.Pause, Wanted.Stop)]
    [InlineData(JobKind.Train, Wanted.Run, Wanted.Cancel, Wanted.Cancel)]
    [InlineData(JobKind.Preflight, Wanted.Stop, Wanted.Run, Wanted.Run)]
    [InlineData(JobKind.Preflight, Wanted.Pause, Wanted.Run, Wanted.Pause)]
    [InlineData(JobKind.Evaluate, Wanted.Pause, Wanted.Run, Wanted.Run)]
    [InlineData(JobKind.Evaluate, Wanted.Cancel, Wanted.Run, Wanted.Cancel)]
    public void The_wish_of_a_job_is_the_stronger_of_both_as_far_as_its_kind_knows_it(
        JobKind kind, Wanted sweep, Wanted own, Wanted expected)
    {
        var row = new SweepRow
        {
            Id = "s",
            ClientId = "c",
            Name = "n",
            SpecYaml = "",
            Fingerprint = "",
            FactsJson = "{}",
            State = SweepState.Running,
            Wanted = sweep,
            TrialCount = 1,
            ObjectiveMetric = "macro_f1",
            Maximize = true,
            CreatedAt = 0,
        };
        var job = Row with { Id = new JobId("s", kind, 1), Wanted = own };
        Assert.Equal(expected, JobRules.Wish(job, row));
        Assert.Equal(Wanted.Cancel, JobRules.Wish(job, row with { State = SweepState.Failed, Wanted = Wanted.Run }));
    }
}
