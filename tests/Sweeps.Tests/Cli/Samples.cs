using Sweeps.Core.Api;
using Sweeps.Core.States;

namespace Sweeps.Tests.Cli;

/// <summary>Sweeps as the silo tells of them.</summary>
internal static class Samples
{
    /// <summary>Three trials of three classes, the second the best.</summary>
    public static SweepDetail Sweep(SweepState state = SweepState.Completed, bool scored = true)
    {
        List<TrialSummary> trials = [Trial(1, 0.61, "full", "3e-4"), Trial(2, 0.92, "lora", "3e-3"), Trial(3, 0.42, "lora", "2e-2")];
        return new SweepDetail(
            new SweepSummary
            {
                Sweep = "tiny-1a2b3c4d",
                Name = "tiny",
                State = state,
                Wanted = Wanted.Run,
                Trials = trials.Count,
                CreatedAt = 1_700_000_000_000,
                ActiveSeconds = 83,
                Metric = "macro_f1",
                Maximize = true,
                Fingerprint = new string('f', 64),
                Best = scored ? new BestTrial(2, state == SweepState.Completed, trials[1].Best, Scores(0.90)) : null,
            },
            scored ? trials : [.. trials.Select(trial => trial with { Best = null })],
            ["method", "learning_rate"],
            ["Under", "Average", "Over"],
            []);
    }

    /// <summary>The same trials with a second decision, which makes the third the best.</summary>
    public static SweepDetail Decided()
    {
        var sweep = Sweep();
        TrialSummary With(TrialSummary trial, double boosted)
        {
            var other = Scores(boosted) with { Variant = "boosted" };
            return trial with { Decisions = [trial.Best!, other], Best = boosted > trial.Best!.MacroF1 ? other : trial.Best };
        }

        List<TrialSummary> trials = [With(sweep.Trials[0], 0.3), sweep.Trials[1], With(sweep.Trials[2], 0.95)];
        Scores[] tests = [Scores(0.41), Scores(0.93) with { Variant = "boosted" }];
        return sweep with
        {
            Trials = trials,
            Summary = sweep.Summary with { Best = new BestTrial(3, true, trials[2].Best, tests[1]) { Tests = tests } },
        };
    }

    public static TrialSummary Trial(int number, double f1, string method, string rate) => new()
    {
        Trial = number,
        Point = new Dictionary<string, string> { ["method"] = method, ["learning_rate"] = rate },
        State = JobState.Completed,
        Attempt = 1,
        Best = Scores(f1),
        Step = 100,
        TotalSteps = 100,
        Seconds = 12.5,
        TrainableParameters = 12_345,
        TotalParameters = 1_234_567,
        FinalSha256 = new string('a', 64),
    };

    private static Scores Scores(double f1) => new(
        50, 0.4, f1 + 0.01, f1, new Dictionary<string, double> { ["Under"] = f1, ["Average"] = f1 - 0.02, ["Over"] = f1 + 0.02 });
}
