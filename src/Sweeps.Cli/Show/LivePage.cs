using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Sweeps.Core.Api;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;

namespace Sweeps.Cli.Show;

/// <summary>
/// The page of a live watch. It always fits the terminal: the sweep's two lines and a line for each running trial come
/// first, then what happened last, and the leaderboard takes the lines that are left.
/// </summary>
internal static class LivePage
{
    /// <summary>From this width on, a running trial's line has room for its phase.</summary>
    private const int Wide = 110;

    /// <summary>From this width on, it has room for the learning rate and a longer bar too.</summary>
    private const int Widest = 150;

    /// <summary>From this height on, more events and running trials are shown.</summary>
    private const int High = 30;

    private const string Footer = "Ctrl-C leaves the watch; the sweep goes on.";

    /// <param name="console">The terminal.</param>
    /// <param name="sweep">The sweep as it is now.</param>
    /// <param name="said">What happened, oldest first.</param>
    public static IRenderable Render(IAnsiConsole console, SweepDetail sweep, IEnumerable<string> said)
    {
        var width = Math.Max(40, console.Profile.Width);

        // The line below belongs to the cursor.
        var height = Math.Max(10, console.Profile.Height) - 1;
        var high = console.Profile.Height >= High;
        var events = said.TakeLast(high ? 4 : 2).ToList();
        List<IRenderable> page = [.. Header(sweep, width), .. Running(sweep, width, high ? 8 : 5)];
        if (sweep.Trials.Any(t => t.Best is not null)
            && Board(console, sweep, height - page.Count - events.Count - 1, width) is { } board)
        {
            page.Add(board);
        }

        page.AddRange(events.Select(line => Grey(Format.Cut(line, width))));
        page.Add(Grey(Format.Cut(Footer, width)));
        return new Rows(page);
    }

    private static IEnumerable<IRenderable> Header(SweepDetail sweep, int width)
    {
        var summary = sweep.Summary;
        var done = sweep.Trials.Count(t => t.State.HasEnded());
        var share = sweep.Trials.Count == 0 ? 0 : sweep.Trials.Sum(Share) / sweep.Trials.Count;
        var name = Format.Cut(summary.Sweep, width / 2);
        var state = Format.Word(summary.State);
        var count = string.Create(CultureInfo.InvariantCulture, $"{done}/{sweep.Trials.Count} trials");
        var bar = Math.Clamp(width - name.Length - state.Length - count.Length - 4, 4, 40);
        yield return new Markup($"[bold]{Markup.Escape(name)}[/] {state}  [green]{Format.Bar(share, bar)}[/] {count}");

        var best = Leaderboard.Objective(summary.Best?.Validation, summary.Metric) is { } value
            ? $"   [grey]best{(width < 80 ? string.Empty : " " + Leaderboard.NameOf(summary.Metric))}[/] [green]{Format.Score(value)}[/] (trial {summary.Best!.Trial})"
            : string.Empty;
        yield return new Markup($"[grey]so far[/] {Format.Duration(summary.ActiveSeconds)}   [grey]left[/] {Left(sweep)}{best}");
    }

    private static string Left(SweepDetail sweep) => sweep.Summary.State switch
    {
        SweepState.Preflight => "[grey]the preflight measures it[/]",
        SweepState.Paused => "[grey]paused[/]",
        SweepState.Scoring => $"[grey]scores the test split{Percent(sweep.Preflight.FirstOrDefault(j => j.State.IsHeld())?.Progress)}[/]",
        _ => sweep.Summary.SecondsLeft is { } seconds ? "~" + Format.Duration(seconds) : "-",
    };

    private static string Percent(ProgressFrame? progress) =>
        progress?.PhaseShare is { } share ? string.Create(CultureInfo.InvariantCulture, $" {100 * share:0} %") : string.Empty;

    private static double Share(TrialSummary trial) =>
        trial.State.HasEnded() ? 1 : trial.Progress is { TotalSteps: > 0 } p ? (double)p.Step / p.TotalSteps
        : trial.TotalSteps > 0 ? (double)trial.Step / trial.TotalSteps : 0;

    /// <summary>A heading and one line for each running trial.</summary>
    private static IEnumerable<IRenderable> Running(SweepDetail sweep, int width, int most)
    {
        var running = sweep.Trials.Where(t => t.State.IsHeld()).ToList();
        if (running.Count == 0)
        {
            yield break;
        }

        var shown = running.Take(most).ToList();
        var columns = Columns(shown, width);
        var rest = width - columns.Sum(c => c.Width + 1);
        yield return Grey(Format.Cut(string.Concat(columns.Select(c => Pad(c.Name, c) + " ")) + "settings", width));
        foreach (var trial in shown)
        {
            var cells = columns.Select(c => $"[{c.Style}]{Markup.Escape(Pad(c.Cell(trial), c))}[/] ");
            yield return new Markup(string.Concat(cells) + Markup.Escape(Format.Cut(Format.Settings(trial, sweep.Axes), rest)));
        }

        if (running.Count > shown.Count)
        {
            yield return Grey($"... and {running.Count - shown.Count} more run");
        }
    }

    private static List<Column> Columns(List<TrialSummary> shown, int width)
    {
        var wide = width >= Wide;
        List<Column> columns =
        [
            new("trial", t => t.Trial.ToString(CultureInfo.InvariantCulture), Right: true),
            new("progress", t => t.Progress is null ? "starting" : Format.Bar(Share(t), width >= Widest ? 16 : 10), "blue"),
            new("steps", t => t.Progress is { } p ? string.Create(CultureInfo.InvariantCulture, $"{p.Step}/{p.TotalSteps}") : string.Empty, Right: true),
            new("loss", t => Format.Number(t.Progress?.Loss), Right: true, Least: 6),
            new("tok/s", t => Format.Count(t.Progress?.TokensPerSecond), Right: true, Least: 6),
        ];
        if (wide)
        {
            columns.Insert(3, new("phase", t => (t.Progress?.Phase ?? string.Empty) + Percent(t.Progress), Least: 13));
        }

        if (width >= Widest)
        {
            columns.Insert(5, new("lr", t => Format.Number(t.Progress?.LearningRate), Right: true, Least: 7));
        }

        if (shown.Any(t => t.Attempt > 1))
        {
            columns.Add(new(wide ? "attempt" : "try", t => t.Attempt.ToString(CultureInfo.InvariantCulture), "yellow", Right: true));
        }

        return [.. columns.Select(c => c with { Width = shown.Select(t => c.Cell(t).Length).Append(c.Name.Length).Append(c.Least).Max() })];
    }

    /// <summary>The leaderboard with as many trials as <paramref name="room"/> lines hold; null when that is less than two.</summary>
    private static Table? Board(IAnsiConsole console, SweepDetail sweep, int room, int width)
    {
        var title = $"[bold]leaderboard[/] [grey](validation {Markup.Escape(sweep.Summary.Metric)})[/]";
        Table Of(int rows) => Leaderboard.Render(sweep, rows, title, width, tellsRest: false);
        var frame = Lines(console, Of(1), width) - 1;
        var rows = Math.Min(24, room - frame);
        return rows < 2 ? null : Of(rows);
    }

    private static int Lines(IAnsiConsole console, IRenderable part, int width) =>
        Segment.SplitLines(part.Render(RenderOptions.Create(console, console.Profile.Capabilities), width)).Count;

    private static string Pad(string text, Column column) =>
        column.Right ? text.PadLeft(column.Width) : text.PadRight(column.Width);

    private static Markup Grey(string text) => new($"[grey]{Markup.Escape(text)}[/]");

    /// <summary>A column of the running trials.</summary>
    private sealed record Column(
        string Name, Func<TrialSummary, string> Cell, string Style = "default", bool Right = false, int Least = 0, int Width = 0);
}
