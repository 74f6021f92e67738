using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Testing;
using Sweeps.Cli.Show;
using Sweeps.Core.Homes;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Tests.Cli;

/// <summary>What people and programs read of a sweep.</summary>
public sealed class ShowTests : IDisposable
{
    private static readonly SweepsHome Home = new("/tmp/a home");

    private readonly TestConsole _console = new();

    public void Dispose() => _console.Dispose();

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(180)]
    public void The_leaderboard_fits_and_says_what_it_left_out(int width)
    {
        _console.Profile.Width = width;
        _console.Write(Leaderboard.Render(Samples.Sweep(), 40, "board", width));

        Assert.All(_console.Lines, line => Assert.True(line.Length <= width, $"{line.Length} characters in {width}: {line}"));
        var text = _console.Output;
        foreach (var column in new[] { "macro F1", "learning_rate", "method", "Under", "Average", "Over", "accuracy", "seconds", "trainable" })
        {
            // In the table, perhaps on two lines, or among those that a wider terminal shows.
            Assert.True(
                column.Split('_', ' ').All(part => text.Contains(part, StringComparison.Ordinal)),
                $"{column} is neither shown nor named at {width}:\n{text}");
        }

        var order = _console.Lines.Where(line => line.Contains("0.9200", StringComparison.Ordinal) || line.Contains("0.6100", StringComparison.Ordinal) || line.Contains("0.4200", StringComparison.Ordinal)).ToList();
        Assert.Equal(["0.9200", "0.6100", "0.4200"], order.Select(line => new[] { "0.9200", "0.6100", "0.4200" }.First(score => line.Contains(score, StringComparison.Ordinal))));
        Assert.Equal(width < 120, text.Contains("a wider terminal also shows", StringComparison.Ordinal));
    }

    [Fact]
    public void Decisions_compete_line_by_line_and_the_chosen_one_has_its_test_score()
    {
        var sweep = Samples.Decided();
        _console.Profile.Width = 180;

        _console.Write(Leaderboard.Render(sweep, 40, "board", 180));

        var lines = _console.Lines.Where(line => line.Contains("completed", StringComparison.Ordinal)).ToList();
        Assert.Equal(["boosted", "plain", "plain", "plain", "boosted"], lines.Select(line => line.Split('│')[3].Trim()));
        Assert.Equal(["3", "2", "1", "3", "1"], lines.Select(line => line.Split('│')[2].Trim()));
        Assert.Equal(["1", "2", "3", "4", "5"], lines.Select(line => line.Split('│')[1].Trim()));

        using var end = new TestConsole { Profile = { Width = 180 } };
        Conclusion.Write(end, sweep, Home);
        Assert.Contains("trial 3, decided as boosted with", end.Output, StringComparison.Ordinal);
        Assert.Contains("it scores macro F1 0.9300", end.Output, StringComparison.Ordinal);
        var plain = Assert.Single(end.Lines, line => line.Contains("plain", StringComparison.Ordinal) && line.Contains("0.4100", StringComparison.Ordinal));
        Assert.Contains("0.4200", plain, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_that_are_not_shown_are_counted()
    {
        var sweep = Samples.Decided();
        var many = Enumerable.Range(1, 25).Select(number => sweep.Trials[2] with { Trial = number }).ToList();
        Conclusion.Write(_console, sweep with { Trials = many }, Home);
        Assert.Contains("... and 10 more lines", _console.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_sweep_is_sorted_by_is_shown()
    {
        var sweep = Samples.Sweep();
        sweep = sweep with { Axes = [], Summary = sweep.Summary with { Metric = "loss", Maximize = false } };
        _console.Profile.Width = 160;
        Conclusion.Write(_console, sweep, Home);
        Assert.Contains("│ loss", _console.Output.Replace("   ", " ", StringComparison.Ordinal).Replace("  ", " ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("trial 2: validation loss 0.4000, macro F1 0.9200, after", _console.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_the_classes_all_or_none_are_shown()
    {
        for (var width = 60; width <= 180; width += 4)
        {
            using var console = new TestConsole { Profile = { Width = width } };
            console.Write(Leaderboard.Render(Samples.Sweep(), 40, "board", width));
            var header = string.Join('\n', console.Lines.Take(6));
            var shown = new[] { "Under", "Average", "Over" }.Count(label => header.Contains(label, StringComparison.Ordinal));
            Assert.True(shown is 0 or 3, $"{shown} of 3 classes at {width}:\n{console.Output}");
        }
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(180)]
    public void The_conclusion_names_the_winner_its_scores_and_commands_that_work(int width)
    {
        _console.Profile.Width = width;
        Conclusion.Write(_console, Samples.Sweep(), Home);

        var text = string.Join(' ', _console.Lines.Select(line => line.Trim()));
        Assert.Contains("Best setting: trial 2", text, StringComparison.Ordinal);
        Assert.Contains("0.9000", text, StringComparison.Ordinal);
        Assert.Contains("sweeps predict tiny-1a2b3c4d --home '/tmp/a home' --text", text, StringComparison.Ordinal);
        Assert.Contains("sweeps best tiny-1a2b3c4d --home '/tmp/a home' --export DIR", text, StringComparison.Ordinal);
        Assert.Contains("sweeps trial tiny-1a2b3c4d 2 --home '/tmp/a home'", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_result_the_conclusion_says_where_to_look()
    {
        Conclusion.Write(_console, Samples.Sweep(SweepState.Failed, scored: false), Home);
        Assert.Contains("no trial has a result", _console.Output, StringComparison.Ordinal);
        Assert.Contains("sweeps logs tiny-1a2b3c4d", _console.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_line_of_json_sums_up()
    {
        using var output = new StringWriter();
        var view = new JsonWatchView(output);
        view.Snapshot(Samples.Sweep(SweepState.Running));
        view.End(Samples.Sweep());

        var lines = output.ToString().TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.All(lines.SkipLast(1), line => Assert.True(line.TryGetProperty("event", out _)));
        Assert.Equal(3, lines.Count(line => line.TryGetProperty("event", out var kind) && kind.GetString() == "trial"));
        var last = lines[^1];
        Assert.False(last.TryGetProperty("event", out _));
        Assert.Equal(("tiny-1a2b3c4d", "completed"), (last.GetProperty("sweep").GetString(), last.GetProperty("state").GetString()));
        Assert.Equal(2, last.GetProperty("best").GetProperty("trial").GetInt32());
        Assert.Equal(0.92, last.GetProperty("best").GetProperty("validation").GetProperty("macro_f1").GetDouble());
        Assert.Equal(0.90, last.GetProperty("best").GetProperty("test").GetProperty("macro_f1").GetDouble());
    }

    [Fact]
    public void States_are_words()
    {
        var trial = Samples.Trial(1, 0.5, "full", "3e-4");
        Assert.Equal("[red]failed (out of memory)[/]", Leaderboard.State(trial with { State = JobState.Failed, FailureClass = FailureClass.OutOfMemory }));
        Assert.Equal("[yellow]starting[/]", Leaderboard.State(trial with { State = JobState.Leased }));
    }

    [Fact]
    public void An_event_says_whose_it_is()
    {
        var row = new EventRow { At = 0, Sweep = "s", Job = JobId.Train("s", 3), Kind = "resumed", Message = "attempt 2 goes on from step 7" };
        Assert.Equal("trial 3 resumed: attempt 2 goes on from step 7", Format.Event(row));
        Assert.Equal("scoring resumed: x", Format.Event(row with { Job = new JobId("s", JobKind.Evaluate, 1), Message = "x" }));
        Assert.Equal("max-time: x", Format.Event(row with { Job = null, Kind = "max-time", Message = "x" }));
    }
}
