using Spectre.Console;
using Spectre.Console.Testing;
using Sweeps.Cli.Show;
using Sweeps.Core.Api;
using Sweeps.Core.Ids;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;

namespace Sweeps.Tests.Cli;

/// <summary>The page of a live watch: what matters most is always on the screen.</summary>
public sealed class LivePageTests
{
    private static readonly string[] Said = [.. Enumerable.Range(1, 6).Select(i => $"11:22:3{i} trial {i} attempt-failed: {new string('x', 200)}")];

    [Theory]
    [InlineData(80, 24, 2)]
    [InlineData(80, 24, 16)]
    [InlineData(60, 16, 4)]
    [InlineData(100, 24, 0)]
    [InlineData(120, 30, 2)]
    [InlineData(200, 60, 16)]
    public void It_fits_and_begins_with_the_sweep(int width, int height, int running)
    {
        var lines = Render(width, height, Sweep(running), Said);

        Assert.True(lines.Count < height, $"{lines.Count} lines in {height}:\n{string.Join('\n', lines)}");
        Assert.All(lines, line => Assert.True(line.Length <= width, $"{line.Length} characters in {width}: {line}"));
        Assert.Contains("20/", lines[0], StringComparison.Ordinal);
        Assert.Contains($"so far 1:23 min   left ~42.0 s   best{(width < 80 ? "" : " macro F1")} 0.9200", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("Ctrl-C leaves", lines[^1], StringComparison.Ordinal);
        Assert.StartsWith("11:22:36 trial 6", lines[^2], StringComparison.Ordinal);
        Assert.Equal(height >= 24, lines.Any(line => line.Contains("leaderboard", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(120, 30)]
    public void A_running_trial_has_one_line(int width, int height)
    {
        var lines = Render(width, height, Sweep(2), []);

        Assert.Contains("settings", lines[2], StringComparison.Ordinal);
        Assert.Matches("^ +21 \u2501+\u2500+ 123/750 .*epochs 3, learning_rate", lines[3]);
        Assert.Matches("^ +22 ", lines[4]);
        Assert.Contains("leaderboard", lines[5], StringComparison.Ordinal);
        Assert.Equal(width < 110, lines[3].EndsWith('\u2026'));
    }

    [Fact]
    public void More_trials_than_lines_are_counted()
    {
        var lines = Render(80, 24, Sweep(16), []);
        Assert.Contains(lines, line => line.Contains("and 11 more run", StringComparison.Ordinal));
    }

    [Fact]
    public void Before_anything_runs_there_is_a_header_and_no_table()
    {
        var sweep = Sweep(0);
        var lines = Render(80, 24, sweep with { Trials = [], Summary = sweep.Summary with { State = SweepState.Preflight, Best = null } }, []);
        Assert.Equal(3, lines.Count);
        Assert.Contains("preflight", lines[0], StringComparison.Ordinal);
        Assert.Contains("left the preflight measures it", lines[1], StringComparison.Ordinal);
    }

    private static List<string> Render(int width, int height, SweepDetail sweep, IEnumerable<string> said)
    {
        using var console = new TestConsole();
        console.Profile.Width = width;
        console.Profile.Height = height;
        console.Write(LivePage.Render(console, sweep, said));
        return [.. console.Output.TrimEnd('\n').Split('\n').Select(line => line.TrimEnd())];
    }

    [Fact]
    public void A_long_evaluation_says_how_far_it_is()
    {
        using var console = new TestConsole { Profile = { Width = 150, Height = 40 } };
        var sweep = Sweep(1);
        var evaluating = sweep.Trials[^1].Progress! with { Step = 750, Phase = "evaluate", PhaseShare = 0.428 };
        console.Write(LivePage.Render(console, sweep with { Trials = [.. sweep.Trials.SkipLast(1), sweep.Trials[^1] with { Progress = evaluating }] }, []));
        Assert.Contains(console.Lines, line => line.Contains("750/750 evaluate 43 %", StringComparison.Ordinal));

        using var scoring = new TestConsole { Profile = { Width = 150, Height = 40 } };
        var job = new JobSummary(new JobId("tiny-1a2b3c4d", JobKind.Evaluate, 1), JobState.Running, 1, null) { Progress = evaluating };
        scoring.Write(LivePage.Render(scoring, Samples.Sweep(SweepState.Scoring) with { Preflight = [job] }, []));
        Assert.Contains(scoring.Lines, line => line.Contains("scores the test split 43 %", StringComparison.Ordinal));
    }

    /// <summary>20 ended trials and some that run, with long settings.</summary>
    private static SweepDetail Sweep(int running)
    {
        var sample = Samples.Sweep(SweepState.Running);
        var point = new Dictionary<string, string>
        {
            ["epochs"] = "3",
            ["learning_rate"] = "3e-3",
            ["method"] = "lora",
            ["rank"] = "8",
            ["frozen_layers"] = "2",
        };
        var ended = Enumerable.Range(1, 20).Select(n => Samples.Trial(n, 0.9 - (n / 100.0), "lora", "3e-3") with { Point = point });
        var live = Enumerable.Range(21, running).Select(n => Samples.Trial(n, 0, "lora", "3e-3") with
        {
            Point = point,
            State = JobState.Running,
            Best = null,
            Progress = new ProgressFrame { Step = 123, TotalSteps = 750, Loss = 0.3456, LearningRate = 2.5e-3, TokensPerSecond = 34_567 },
        });
        return sample with
        {
            Trials = [.. ended, .. live],
            Axes = [.. point.Keys],
            Summary = sample.Summary with { SecondsLeft = 42 },
        };
    }
}
