using System.Net;
using System.Net.Http.Json;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Api;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Tests.Storage;
using SiloStatus = Sweeps.Core.Api.SiloStatus;

namespace Sweeps.Tests.Web;

public sealed class SweepReadTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_and_live_progress_make_one_leaderboard()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        var progress = new ProgressFrame { Step = 7, TotalSteps = 40, TokensPerSecond = 900, TrainableParameters = 12 };
        api.Grains.Running =
        [
            new LiveTrial(JobId.Train("tiny", 1), JobState.Running, 2, "box:0", progress),

            // A former attempt's: the row says 1 is over.
            new LiveTrial(JobId.Train("tiny", 2), JobState.Running, 9, "box:1", progress with { Step = 39 }),
        ];

        var detail = await api.GetAsync<SweepDetail>("/sweeps/tiny");

        Assert.Equal(["seed"], detail.Axes);
        Assert.Equal(12, detail.Summary.SecondsLeft);
        Assert.Equal(1, detail.Summary.Counts[JobState.Running]);
        Assert.Equal((2, false, 0.9), (detail.Summary.Best!.Trial, detail.Summary.Best.Chosen, detail.Summary.Best.Validation!.MacroF1!.Value));
        Assert.Null(detail.Summary.Best.Test);
        var first = detail.Trials[0];
        Assert.Equal((7, "box:0", 12), (first.Progress!.Step, first.Slot, first.TrainableParameters));
        Assert.Equal("1", first.Point["seed"]);
        Assert.Null(detail.Trials[1].Progress);
        Assert.Equal(0.5, detail.Trials[1].Best!.F1!["yes"]);
        Assert.Equal(0.9, detail.Trials[1].Best!.MacroF1);
    }

    [Fact]
    public async Task Without_the_grain_the_rows_are_shown_alone()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        api.Grains.LiveFails = new TimeoutException();
        var detail = await api.GetAsync<SweepDetail>("/sweeps/last");
        Assert.Equal("tiny", detail.Summary.Sweep);
        Assert.Null(detail.Summary.SecondsLeft);
    }

    [Fact]
    public async Task A_change_of_one_row_is_seen_by_the_next_reader()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        _ = await api.GetAsync<SweepDetail>("/sweeps/tiny");
        var job = (await api.Ledger.FindJobAsync(JobId.Train("tiny", 1), Token))!.Job;
        await api.CommitAsync(job with { State = JobState.Completed, Step = 40, BestValue = 0.95, BestStep = 20 });
        var after = await api.GetAsync<SweepDetail>("/sweeps/tiny");
        Assert.Equal(JobState.Completed, after.Trials[0].State);
        Assert.Equal(1, after.Summary.Best!.Trial);
    }

    [Fact]
    public async Task The_winners_test_score_comes_from_its_evaluation_job()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        var sweep = (await api.Ledger.FindSweepAsync("tiny", Token))!;
        var evaluate = new JobId("tiny", JobKind.Evaluate, 1);
        await api.CommitAsync(
            sweep with { State = SweepState.Completed, Winner = 2, FinishedAt = 9_000 },
            new JobRow { Id = evaluate, Trial = 2, State = JobState.Completed },
            Rows.Evaluation(evaluate, 20, 0.88, split: "test"));
        var summary = Assert.Single(await api.GetAsync<IReadOnlyList<SweepSummary>>("/sweeps"));
        Assert.Equal((2, true), (summary.Best!.Trial, summary.Best.Chosen));
        Assert.Equal(0.9, summary.Best.Validation!.MacroF1);
        Assert.Equal(0.88, summary.Best.Test!.MacroF1);

        var best = await api.GetAsync<BestReply>("/sweeps/tiny/best");
        Assert.Equal("/home/of/tests/sweeps/tiny/train-2/attempt-1/step-20", best.Checkpoint);
        Assert.Equal("/home/of/tests/bases/ab", best.Base);
        Assert.Equal(("tiny", 2, true, 0.88), (best.Origin!.Sweep, best.Origin.Trial, best.Origin.Chosen, best.Origin.Test!.MacroF1!.Value));
        Assert.Equal(["config.json"], best.Origin.BaseFiles.Select(file => file.Name));
        Assert.All(best.Origin.Files, file => Assert.DoesNotContain('/', file.Name));
        Assert.Equal(0.88, best.Best.Test!.MacroF1);
        Assert.Equal(["tiny/train-2/attempt-1/step-20"], api.Control.Pinned);
    }

    [Fact]
    public async Task The_best_decision_speaks_for_its_trial_on_validation_and_test()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        var sweep = (await api.Ledger.FindSweepAsync("tiny", Token))!;
        var evaluate = new JobId("tiny", JobKind.Evaluate, 1);
        await api.CommitAsync(
            sweep with { State = SweepState.Completed, Winner = 2, FinishedAt = 9_000 },
            new JobRow { Id = evaluate, Trial = 2, State = JobState.Completed },
            Rows.Evaluation(JobId.Train("tiny", 2), 20, 0.95, variant: "boosted"),
            Rows.Evaluation(JobId.Train("tiny", 2), 20, 0.2, variant: "zeroed"),
            Rows.Evaluation(evaluate, 20, 0.88, split: "test"),
            Rows.Evaluation(evaluate, 20, 0.93, split: "test", variant: "boosted"),
            Rows.Evaluation(evaluate, 20, 0.1, split: "test", variant: "zeroed"));

        var detail = await api.GetAsync<SweepDetail>("/sweeps/tiny");

        Assert.Equal(["plain", "boosted", "zeroed"], detail.Trials[1].Decisions.Select(scores => scores.Variant));
        Assert.Equal(("boosted", 0.95), (detail.Trials[1].Best!.Variant, detail.Trials[1].Best!.MacroF1!.Value));
        var best = detail.Summary.Best!;
        Assert.Equal(("boosted", 0.95), (best.Validation!.Variant, best.Validation.MacroF1!.Value));
        Assert.Equal(("boosted", 0.93), (best.Test!.Variant, best.Test.MacroF1!.Value));
        Assert.Equal([("plain", 0.88), ("boosted", 0.93), ("zeroed", 0.1)], best.Tests.Select(scores => (scores.Variant, scores.MacroF1!.Value)));
    }

    [Fact]
    public async Task Another_trial_than_the_best_can_be_had_without_a_test_score()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        var one = JobId.Train("tiny", 1);
        var job = (await api.Ledger.FindJobAsync(one, Token))!.Job;
        await api.CommitAsync(
            job with { State = JobState.Completed, BestValue = 0.4, BestStep = 30 },
            Rows.Evaluation(one, 30, 0.4),
            Rows.Checkpoint(one, 2, 30) with { IsBest = true });

        var asked = await api.GetAsync<BestReply>("/sweeps/tiny/best?trial=1");

        Assert.Equal((1, false, 0.4), (asked.Best.Trial, asked.Best.Chosen, asked.Best.Validation!.MacroF1!.Value));
        Assert.Null(asked.Best.Test);
        Assert.Equal("/home/of/tests/sweeps/tiny/train-1/attempt-2/step-30", asked.Checkpoint);
        Assert.Equal(2, (await api.GetAsync<BestReply>("/sweeps/tiny/best?trial=2")).Best.Trial);
        using var none = await api.Client.GetAsync(new Uri("/api/v1/sweeps/tiny/best?trial=7", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task A_trial_shows_its_attempts_and_its_own_events()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        var job = JobId.Train("tiny", 2);
        await api.CommitAsync(
            Rows.Attempt(job, 1, FailureClass.Crash),
            Rows.Event("tiny", "of trial 1") with { Job = JobId.Train("tiny", 1) },
            Rows.Event("tiny", "of trial 2") with { Job = job });
        var trial = await api.GetAsync<TrialDetail>("/sweeps/tiny/trials/2");
        Assert.Equal(FailureClass.Crash, Assert.Single(trial.Attempts).FailureClass);
        Assert.Equal("of trial 2", Assert.Single(trial.Events).Message);
        Assert.Equal(20, Assert.Single(trial.Evaluations).Step);

        var events = await api.GetAsync<IReadOnlyList<EventRow>>("/sweeps/tiny/events?above=1&limit=1");
        Assert.Equal(2, Assert.Single(events).Number);
    }

    [Theory]
    [InlineData("/sweeps/none", HttpStatusCode.NotFound)]
    [InlineData("/sweeps/tiny/trials/3", HttpStatusCode.NotFound)]
    [InlineData("/sweeps/tiny/events?limit=100000", HttpStatusCode.BadRequest)]
    [InlineData("/sweeps/tiny/events?above=x", HttpStatusCode.BadRequest)]
    public async Task What_is_not_there_is_said_in_words(string path, HttpStatusCode expected)
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        using var response = await api.Client.GetAsync(new Uri($"/api/v1{path}", UriKind.Relative), Token);
        Assert.Equal(expected, response.StatusCode);
        var error = await response.Content.ReadFromJsonAsync<ApiError>(SweepsJson.Options, Token);
        Assert.False(string.IsNullOrWhiteSpace(error!.Error));
    }

    [Fact]
    public async Task Commands_reach_the_grains_by_any_name_of_the_sweep()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        api.Grains.Unknown = 2;
        using var cancel = await api.PostAsync("/sweeps/last/wish", new WishBody(Wanted.Cancel));
        using var trial = await api.PostAsync("/sweeps/ti/trials/2/wish", new WishBody(Wanted.Run));
        using var retry = await api.PostAsync("/sweeps/tiny/retry", new RetryBody([1, 2]));
        using var remove = await api.Client.DeleteAsync(new Uri("/api/v1/sweeps/tiny", UriKind.Relative), Token);
        Assert.All([cancel, trial, retry, remove], r => Assert.Equal(HttpStatusCode.OK, r.StatusCode));
        Assert.Equal(["tiny cancel", "tiny/train/2 run", "tiny retry 1,2", "tiny remove"], api.Grains.Wishes);

        using var refused = await api.PostAsync("/sweeps/tiny/wish", new WishBody(Wanted.Pause));
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        using var stop = await api.PostAsync("/sweeps/tiny/wish", new WishBody(Wanted.Stop));
        Assert.Equal(HttpStatusCode.BadRequest, stop.StatusCode);
        using var none = await api.PostAsync("/sweeps/tiny/trials/9/wish", new WishBody(Wanted.Run));
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task A_call_that_stays_unknown_is_said_to_be_repeatable()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        api.Grains.Unknown = 3;
        using var response = await api.PostAsync("/sweeps/tiny/wish", new WishBody(Wanted.Cancel));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task A_full_disk_is_said_to_be_full()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        api.Grains.DiskFull = "the disk that holds 'ledger.db' is full";
        api.Grains.Unknown = 3;
        using var response = await api.PostAsync("/sweeps/tiny/wish", new WishBody(Wanted.Cancel));
        Assert.Equal(HttpStatusCode.InsufficientStorage, response.StatusCode);
        Assert.Contains("is full", (await ErrorAsync(response)).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/sweeps/tiny/wish", "{}", "wanted")]
    [InlineData("/sweeps/tiny/wish", """{"wish":"pause"}""", "wanted")]
    [InlineData("/sweeps/tiny/wish", """{"wanted":"pause","trial":1}""", "$.trial")]
    [InlineData("/sweeps/tiny/wish", """{"wanted":"later"}""", "$.wanted")]
    [InlineData("/sweeps/tiny/trials/2/wish", "null", "wanted")]
    [InlineData("/sweeps/tiny/retry", """{"trial":[1]}""", "trials (optional)")]
    [InlineData("/shutdown", """{"grace_seconds":5}""", "grace (optional)")]
    [InlineData("/shutdown", """{"grace":-5}""", "0 to 3600")]
    [InlineData("/sweeps", """{"client_id":"x","spec":"y"}""", "spec_yaml")]
    public async Task A_body_says_exactly_what_it_means_or_is_refused(string path, string body, string expected)
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        using var response = await api.Client.PostAsync(new Uri($"/api/v1{path}", UriKind.Relative), new StringContent(body), Token);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(expected, (await ErrorAsync(response)).Error, StringComparison.Ordinal);
        Assert.Empty(api.Grains.Wishes);
        Assert.False(api.Control.Asked.Task.IsCompleted);
    }

    [Theory]
    [InlineData("/sweeps/tiny/events?after=1", "no query parameter 'after': it has above, limit")]
    [InlineData("/sweeps/tiny/events?above=abc", "above")]
    [InlineData("/sweeps/tiny/stream?trial=1", "no query parameter 'trial'")]
    [InlineData("/sweeps?state=running", "no query parameter 'state': it has none")]
    public async Task A_query_that_would_do_nothing_is_refused(string path, string expected)
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        using var response = await api.Client.GetAsync(new Uri($"/api/v1{path}", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(expected, (await ErrorAsync(response)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_means_no_sweep_or_several_is_explained()
    {
        await using var api = await ApiHost.StartAsync();
        Assert.Contains("this home has none yet", await ErrorOfAsync(api, "last"), StringComparison.Ordinal);
        await api.CommitAsync(Rows.Sweep("long-2c"));
        await api.CommitAsync(Rows.Sweep("long-67"));
        Assert.Contains("'long' is ambiguous: long-67, long-2c", await ErrorOfAsync(api, "long"), StringComparison.Ordinal);
        Assert.Contains("Did you mean 'long-2c'?", await ErrorOfAsync(api, "lnog-2c"), StringComparison.Ordinal);
    }

    private static async Task<string> ErrorOfAsync(ApiHost api, string sweep)
    {
        using var response = await api.Client.GetAsync(new Uri($"/api/v1/sweeps/{sweep}", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        return (await ErrorAsync(response)).Error;
    }

    private static async Task<ApiError> ErrorAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<ApiError>(SweepsJson.Options, Token))!;

    [Fact]
    public async Task Status_workers_readiness_and_shutdown_tell_of_this_process()
    {
        await using var api = await ApiHost.StartAsync();
        await SeedAsync(api);
        using var early = await api.Client.GetAsync(new Uri("/health/ready", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, early.StatusCode);

        await api.CommitAsync(Rows.Worker("box") with { ProcessId = Environment.ProcessId, Slots = 4, Machine = "2.10.0 AVX512 1" });
        using var ready = await api.Client.GetAsync(new Uri("/health/ready", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        var status = await api.GetAsync<SiloStatus>("/status");
        Assert.Equal(("1.2.3", "b17d", 4), (status.Version, status.Build, status.Slots));
        Assert.Equal(["tiny"], status.Unfinished);
        var worker = Assert.Single(await api.GetAsync<IReadOnlyList<WorkerSummary>>("/workers"));
        Assert.True(worker.Alive);
        Assert.Equal("the slot's lock is held", worker.Quarantined[3]);

        using var shutdown = await api.PostAsync("/shutdown", new ShutdownBody(2));
        Assert.Equal(HttpStatusCode.Accepted, shutdown.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(2), await api.Control.Asked.Task.WaitAsync(TimeSpan.FromSeconds(10), Token));
    }

    /// <summary>A running sweep of two trials: 1 runs its second attempt, 2 is done with 0.9.</summary>
    internal static async Task SeedAsync(ApiHost api)
    {
        const string Settings = """{"base":"builtin:tiny-gemma3","template":"{text}","data":{"label_column":"label","labels":["a","b"]}}""";
        var one = JobId.Train("tiny", 1);
        var two = JobId.Train("tiny", 2);
        var result = await api.CommitAsync(
            Rows.Sweep("tiny") with { FactsJson = """{"axes":["seed"],"labels":["yes","no"]}""" },
            Rows.Trial("tiny", 1) with { SettingsJson = Settings },
            Rows.Trial("tiny", 2) with { SettingsJson = Settings },
            Rows.Job("tiny", 1) with { State = JobState.Running, Attempt = 2, Step = 5 },
            Rows.Job("tiny", 2) with { State = JobState.Completed, Attempt = 1, Step = 40, BestValue = 0.9, BestStep = 20 },
            new InputRow { Sweep = "tiny", Role = "base/config.json", Name = "/home/of/tests/bases/ab/config.json", Sha256 = new string('c', 64), Bytes = 3 },
            Rows.Evaluation(two, 20, 0.9),
            Rows.Checkpoint(two, 1, 20) with { IsBest = true },
            Rows.Event("tiny", "launched", "launch"),
            Rows.Event("tiny", "granted") with { Job = one });
        Assert.True(result.Accepted, result.Conflict);
    }
}
