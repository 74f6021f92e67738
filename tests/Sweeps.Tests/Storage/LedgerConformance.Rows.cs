using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Xunit;

namespace Sweeps.Tests.Storage;

/// <content>Rows keyed by content, change numbers and queries.</content>
public abstract partial class LedgerConformance
{
    [Fact]
    public async Task Every_field_comes_back()
    {
        var job = new JobRow
        {
            Id = new JobId(S, JobKind.Preflight, 7),
            SettingsJson = "{\"x\":1}",
            State = JobState.Failed,
            Wanted = Wanted.Pause,
            Attempt = 2,
            Sequence = 3,
            Failures = 4,
            SiloDeaths = 5,
            NotBefore = 6,
            Front = true,
            Worker = "bóx",
            Incarnation = 8,
            Slot = 9,
            Request = 10,
            FailureClass = FailureClass.NonFiniteLoss,
            Message = "line 1\nline 2",
            StartedAt = 11,
            FinishedAt = 12,
            Seconds = 13.5,
            TotalSteps = 14,
            Step = 15,
            BestValue = 0.1 + 0.2,
            BestStep = 16,
            FinalSha256 = "f",
            BestSha256 = "b",
            TrainableParameters = 1L << 40,
            TotalParameters = 1L << 41,
            StepSeconds = 1e-9,
            PeakMemoryBytes = 1L << 42,
        };
        var sweep = Rows.Sweep(S) with
        {
            Wanted = Wanted.Cancel,
            Reason = "because",
            Winner = 3,
            FinishedAt = 4,
            ActiveSeconds = 5.25,
            PeakMemoryBytes = 6,
            EstimatedTrainerSeconds = 7.5,
        };
        var worker = Rows.Worker("w") with { Machine = "m", Devices = "d" };
        var input = new InputRow { Sweep = S, Role = "train", Name = "a.csv", Sha256 = "00", Bytes = 5 };
        var attempt = Rows.Attempt(job.Id, 2, FailureClass.OutOfMemory) with { Message = "oom", ResumedFrom = 4 };
        var checkpoint = Rows.Checkpoint(job.Id, 2, 15) with { IsBest = true, IsFinal = true, HasState = false };
        var evaluation = Rows.Evaluation(job.Id, 15, 0.25) with { Loss = double.NaN, Accuracy = null };
        var point = new MetricPointRow { Job = job.Id, Step = 1, Loss = double.PositiveInfinity, LearningRate = 1e-5 };
        var happened = Rows.Event(S, "hello") with { Job = job.Id, Attempt = 2, DataJson = "{}" };
        var decision = Rows.Decision(S, 1, 15, "stop");

        var change = (await Accepted(sweep, job, worker, input, Rows.Trial(S, 1), attempt, checkpoint, evaluation, point, happened, decision)).Change;

        Assert.Equal(sweep with { Version = 1, Change = change }, await Ledger.FindSweepAsync(S, Token));
        var record = (await Ledger.FindJobAsync(job.Id, Token))!;
        Assert.Equal(job with { Version = 1, Change = change }, record.Job);
        Assert.Equal(record.Job, Assert.Single(await Ledger.JobsAsync(S, 0, Token)));
        Assert.Null(record.Trial);
        Assert.Equal("{\"x\":1}", record.Settings);
        Assert.Equal(attempt with { Change = change }, record.OpenAttempt);
        Assert.Equal(checkpoint with { Change = change }, Assert.Single(record.Checkpoints));
        Assert.Equal(worker with { Version = 1, Change = change }, await Ledger.FindWorkerAsync("w", Token));
        Assert.Equal(input with { Change = change }, Assert.Single(await Ledger.InputsAsync(S, Token)));
        Assert.Equal(checkpoint with { Change = change }, Assert.Single(await Ledger.CheckpointsAsync(S, Token)));
        Assert.Equal(attempt with { Change = change }, Assert.Single(await Queries.AttemptsAsync(job.Id, Token)));
        Assert.Equal(evaluation with { Change = change }, Assert.Single(await Queries.EvaluationsAsync(job.Id, Token)));
        Assert.Equal(point with { Change = change }, Assert.Single(await Queries.PointsAsync(job.Id, Token)));
        Assert.Equal(happened with { Change = change, Number = 1 }, Assert.Single(await Queries.EventsAsync(S, 0, 10, Token)));
        Assert.Equal(decision with { Change = change }, await Ledger.FindDecisionAsync(S, 1, 15, Token));
        Assert.Null(await Ledger.FindDecisionAsync(S, 1, 16, Token));
        Assert.Null(await Ledger.FindJobAsync(JobId.Train(S, 9), Token));
    }

    [Fact]
    public async Task Jobs_are_read_by_change_number()
    {
        var launched = (await LaunchAsync(trials: 3)).Change;
        var all = await Ledger.JobsAsync(S, 0, Token);
        Assert.Equal([1, 2, 3], all.Select(j => j.Id.Number));
        Assert.Empty(await Ledger.JobsAsync(S, launched, Token));

        var third = (await Accepted(all[2] with { State = JobState.Leased })).Change;
        var first = (await Accepted(all[0] with { State = JobState.Leased })).Change;

        Assert.Equal([3, 1], (await Ledger.JobsAsync(S, launched, Token)).Select(j => j.Id.Number));
        Assert.Equal([1], (await Ledger.JobsAsync(S, third, Token)).Select(j => j.Id.Number));
        Assert.Empty(await Ledger.JobsAsync(S, first, Token));
        Assert.Empty(await Ledger.JobsAsync("another", 0, Token));
    }

    [Fact]
    public async Task A_decision_is_made_once()
    {
        var change = (await Accepted(Rows.Decision(S, 1, 40, "stop"))).Change;
        await Accepted(Rows.Decision(S, 1, 40, "stop") with { Reason = "said again" }, Rows.Event(S, "again"));
        var conflict = await Refused(Rows.Decision(S, 1, 40, "continue"), Rows.Event(S, "other"));

        Assert.Contains("'stop' stored, 'continue' offered", conflict, StringComparison.Ordinal);
        Assert.Equal(
            Rows.Decision(S, 1, 40, "stop") with { Change = change }, await Ledger.FindDecisionAsync(S, 1, 40, Token));
        Assert.Equal(["again"], (await Queries.EventsAsync(S, 0, 10, Token)).Select(e => e.Message));
    }

    [Fact]
    public async Task A_higher_attempt_supersedes_an_evaluation_and_history_keeps_both()
    {
        var job = JobId.Train(S, 1);
        await Accepted(Rows.Evaluation(job, 10, 0.5));
        await Accepted(Rows.Evaluation(job, 10, 0.5, attempt: 2));
        Assert.Empty(await HistoryAsync(Ledger, job));
        Assert.Equal(2, Assert.Single(await Queries.EvaluationsAsync(job, Token)).Attempt);

        await Accepted(Rows.Evaluation(job, 10, 0.7, attempt: 3));
        await Accepted(Rows.Evaluation(job, 10, 0.1, attempt: 2));

        Assert.Equal(0.7, Assert.Single(await Queries.EvaluationsAsync(job, Token)).MacroF1);
        var history = await HistoryAsync(Ledger, job);
        Assert.Equal([0.5, 0.1], history.Select(e => e.MacroF1!.Value));
        Assert.Equal([2, 2], history.Select(e => e.Attempt));
    }

    [Fact]
    public async Task A_refused_commit_leaves_no_history()
    {
        var job = JobId.Train(S, 1);
        await Accepted(Rows.Evaluation(job, 10, 0.5), Rows.Worker("box"));
        await Refused(Rows.Evaluation(job, 10, 0.9, attempt: 2), Rows.Worker("box"));
        Assert.Empty(await HistoryAsync(Ledger, job));
        Assert.Equal(0.5, Assert.Single(await Queries.EvaluationsAsync(job, Token)).MacroF1);
    }

    [Fact]
    public async Task Rows_keyed_by_content_are_replaced()
    {
        var job = JobId.Train(S, 1);
        MetricPointRow Point(int step, double loss) => new() { Job = job, Step = step, Loss = loss, LearningRate = 1e-3 };
        await Accepted(Point(2, 5), Point(1, 6), Rows.Attempt(job, 1), Rows.Checkpoint(job, 1, 4));
        await Accepted(
            Point(2, 4), Rows.Attempt(job, 1) with { Outcome = "lost" }, Rows.Checkpoint(job, 1, 4, CheckpointStatus.Bad));

        Assert.Equal([(1, 6.0), (2, 4.0)], (await Queries.PointsAsync(job, Token)).Select(p => (p.Step, p.Loss)));
        Assert.Equal("lost", Assert.Single(await Queries.AttemptsAsync(job, Token)).Outcome);
        Assert.Equal(CheckpointStatus.Bad, Assert.Single(await Ledger.CheckpointsAsync(S, Token)).Status);
    }

    [Fact]
    public async Task A_job_comes_with_its_trial_and_checkpoints_newest_first()
    {
        await LaunchAsync();
        var train = JobId.Train(S, 2);
        var evaluate = new JobRow { Id = new JobId(S, JobKind.Evaluate, 1), Trial = 2, State = JobState.Queued };
        await Accepted(
            Rows.Checkpoint(train, 1, 10, CheckpointStatus.Dropped),
            Rows.Checkpoint(train, 1, 20),
            Rows.Checkpoint(train, 1, 30, CheckpointStatus.Bad),
            Rows.Checkpoint(train, 2, 25),
            Rows.Checkpoint(JobId.Train(S, 1), 1, 99),
            evaluate);

        foreach (var job in new[] { train, evaluate.Id })
        {
            var record = (await Ledger.FindJobAsync(job, Token))!;
            Assert.Equal([(2, 25), (1, 30), (1, 20)], record.Checkpoints.Select(c => (c.Attempt, c.Step)));
            Assert.Equal(2, record.Trial!.Number);
            Assert.Equal(record.Trial.SettingsJson, record.Settings);
            Assert.Null(record.OpenAttempt);
        }

        Assert.Equal(5, (await Ledger.CheckpointsAsync(S, Token)).Count);
    }

    [Fact]
    public async Task The_leaderboard_shows_best_and_last()
    {
        await LaunchAsync();
        var job = (await Ledger.JobsAsync(S, 0, Token))[1];
        await Accepted(
            job with { BestStep = 20, BestValue = 0.8 },
            Rows.Evaluation(job.Id, 10, 0.6),
            Rows.Evaluation(job.Id, 20, 0.8),
            Rows.Evaluation(job.Id, 20, 0.1, variant: "after"),
            Rows.Evaluation(job.Id, 30, 0.7),
            Rows.Evaluation(job.Id, 40, 0.9, split: "test"));

        var views = await Queries.TrialsAsync(S, Token);
        Assert.Equal([1, 2], views.Select(v => v.Trial.Number));
        Assert.Empty(views[0].Decisions);
        Assert.Equal([("plain", 0.8), ("after", 0.1)], views[1].Decisions.Select(d => (d.Variant, d.MacroF1!.Value)));
        Assert.Equal(0.8, views[1].Job.BestValue);
        Assert.Equal(
            [(10, "plain"), (20, "after"), (20, "plain"), (30, "plain"), (40, "plain")],
            (await Queries.EvaluationsAsync(job.Id, Token)).Select(e => (e.Step, e.Variant)));
    }

    [Fact]
    public async Task Sweeps_are_listed_and_resolved()
    {
        await Accepted(Rows.Sweep("alpha-1", SweepState.Completed, 10), Rows.Sweep("alpha-2", SweepState.Preflight, 30));
        await Accepted(Rows.Sweep("beta-1", at: 20), Rows.Sweep("beta", SweepState.Paused, 40) with { Removed = true });

        Assert.Equal(["alpha-2", "beta-1", "alpha-1"], (await Queries.SweepsAsync(Token)).Select(s => s.Id));
        Assert.Equal(["alpha-2", "beta", "beta-1"], (await Ledger.UnfinishedSweepsAsync(Token)).Order(StringComparer.Ordinal));
        Assert.Equal("alpha-2", (await Queries.ResolveSweepAsync("last", Token))!.Id);
        Assert.Equal("alpha-1", (await Queries.ResolveSweepAsync("alpha-1", Token))!.Id);
        Assert.Equal("beta-1", (await Queries.ResolveSweepAsync("be", Token))!.Id);
        Assert.Null(await Queries.ResolveSweepAsync("alpha", Token));
        Assert.Null(await Queries.ResolveSweepAsync("a%", Token));
        Assert.Null(await Queries.ResolveSweepAsync("", Token));
        Assert.Equal("beta-1", (await Queries.ResolveSweepAsync("beta", Token))!.Id);
    }

    [Fact]
    public async Task Events_are_numbered_and_paged()
    {
        await Accepted(Rows.Event(S, "one"), Rows.Event(null, "worker"), Rows.Event(S, "two"));
        await Refused(Rows.Event(S, "never"), Rows.Worker("x") with { Version = 5 });
        await Accepted(Rows.Event("other-1", "three"));

        var all = await Queries.EventsAsync(null, 0, 10, Token);
        Assert.Equal(["one", "worker", "two", "three"], all.Select(e => e.Message));
        Assert.Equal(all.Select(e => e.Number).Order(), all.Select(e => e.Number));
        Assert.Equal(["one", "two"], (await Queries.EventsAsync(S, 0, 10, Token)).Select(e => e.Message));
        Assert.Equal(["two"], (await Queries.EventsAsync(S, all[0].Number, 10, Token)).Select(e => e.Message));
        Assert.Equal(["one"], (await Queries.EventsAsync(null, 0, 1, Token)).Select(e => e.Message));
    }

    [Fact]
    public async Task Counts_for_metrics()
    {
        await LaunchAsync(trials: 3);
        var jobs = await Ledger.JobsAsync(S, 0, Token);
        await Accepted(
            jobs[0] with { State = JobState.Completed },
            new JobRow { Id = new JobId(S, JobKind.Evaluate, 1), State = JobState.Queued, SettingsJson = "{}" },
            Rows.Attempt(jobs[0].Id, 1, FailureClass.Crash),
            Rows.Attempt(jobs[0].Id, 2, FailureClass.OutOfMemory),
            Rows.Attempt(jobs[1].Id, 1, FailureClass.Crash),
            Rows.Attempt(jobs[1].Id, 2));

        var failures = await Queries.FailuresByClassAsync(Token);
        Assert.Equal([("crash", 2L), ("out-of-memory", 1L)], failures.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => (p.Key, p.Value)));
        var states = await Queries.TrialsByStateAsync(Token);
        Assert.Equal([("completed", 1L), ("queued", 2L)], states.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => (p.Key, p.Value)));
    }

    [Fact]
    public async Task Objects_of_sweeps_not_removed_are_pinned()
    {
        InputRow Input(string sweep, string role, string sha) =>
            new() { Sweep = sweep, Role = role, Name = role, Sha256 = sha, Bytes = 1 };
        await Accepted(
            Rows.Sweep("a-1"), Input("a-1", "train", "aa"), Input("a-1", "validation", "bb"),
            Rows.Sweep("b-1") with { Removed = true }, Input("b-1", "train", "bb"), Input("b-1", "test", "cc"));

        Assert.Equal(["aa", "bb"], (await Ledger.PinnedObjectsAsync(Token)).Order(StringComparer.Ordinal));
        Assert.Equal(["train", "validation"], (await Ledger.InputsAsync("a-1", Token)).Select(i => i.Role));
    }
}
