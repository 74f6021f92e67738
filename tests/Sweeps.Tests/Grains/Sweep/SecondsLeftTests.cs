using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Grains.Sweep;
using Sweeps.Tests.Storage;

namespace Sweeps.Tests.Grains.Sweep;

/// <summary>The estimate of the time left: from what runs, what is done, and what the preflight measured.</summary>
public sealed class SecondsLeftTests
{
    private static readonly SweepFacts Facts = new() { TotalSteps = 400, Labels = ["a", "b"], Axes = [] };

    private readonly SweepRow _sweep = Rows.Sweep("s") with { TrialCount = 4 };
    private readonly SweepIndex _index = new();

    [Fact]
    public void Nothing_is_known_before_anything_ran()
    {
        Add(1, JobState.Queued);
        Assert.Null(Left());
    }

    [Fact]
    public void The_preflight_measured_it() =>
        Assert.Equal(40, Left(_sweep with { EstimatedTrainerSeconds = 40 }, Queued(4)));

    [Fact]
    public void What_runs_tells_without_a_preflight_and_before_a_checkpoint()
    {
        Add(1, JobState.Running);
        Add(2, JobState.Running);
        Add(3, JobState.Queued);
        Add(4, JobState.Queued);

        // 50 + 20 steps left of those that run, 100 steps of each other trial, 0.1 s a step, two at once.
        Assert.Equal((5 + 2 + 10 + 10) / 2.0, Left(_sweep, Runs(1, 50), Runs(2, 80)), 1e-9);
    }

    [Fact]
    public void What_runs_is_newer_than_its_row()
    {
        _index.Apply(Rows.Job("s", 1) with { Change = 1, State = JobState.Running, Step = 10, TotalSteps = 100, Seconds = 10 });
        Assert.Equal(90, Left());
        Assert.Equal(10, Left(_sweep, Runs(1, 90)), 1e-9);
    }

    [Fact]
    public void Done_trials_tell_of_the_others()
    {
        Add(1, JobState.Completed, seconds: 30);
        Add(2, JobState.Running);
        Add(3, JobState.Queued);
        Assert.Equal(30 + 5, Left(_sweep with { EstimatedTrainerSeconds = 4000 }, Runs(2, 50)), 1e-9);
    }

    private double? Left() => SweepRules.SecondsLeft(_sweep, Facts, _index, []);

    private double Left(SweepRow sweep, params LiveTrial[] running) => SweepRules.SecondsLeft(sweep, Facts, _index, running)!.Value;

    private LiveTrial[] Queued(int count)
    {
        for (var trial = 1; trial <= count; trial++)
        {
            Add(trial, JobState.Queued);
        }

        return [];
    }

    private void Add(int trial, JobState state, double seconds = 0) =>
        _index.Apply(Rows.Job("s", trial) with
        {
            Change = trial,
            State = state,
            Worker = state == JobState.Running ? "w" : null,
            Slot = state == JobState.Running ? trial : null,
            Seconds = seconds,
            Step = seconds > 0 ? 100 : 0,
        });

    private static LiveTrial Runs(int trial, int step) => new(
        JobId.Train("s", trial), JobState.Running, 1, "w/0", new ProgressFrame { Step = step, TotalSteps = 100, StepSeconds = 0.1 });
}
