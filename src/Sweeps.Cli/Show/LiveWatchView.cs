using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Sweeps.Core.Api;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Cli.Show;

/// <summary>The live picture in a terminal: the sweep's bar and ETA, what runs, the leaderboard, what happened.</summary>
internal sealed class LiveWatchView(IAnsiConsole console, LiveDisplayContext context, TimeProvider time) : IWatchView
{
    private readonly Queue<string> _said = new();

    public void Snapshot(SweepDetail sweep)
    {
        context.UpdateTarget(Render(sweep));
        context.Refresh();
    }

    public void Event(EventRow row)
    {
        if (Notable.Kinds.Contains(row.Kind))
        {
            Say(DateTimeOffset.FromUnixTimeMilliseconds(row.At), $"{Format.Event(row)}");
        }
    }

    public void Note(string message) => Say(time.GetUtcNow(), message);

    public void End(SweepDetail sweep)
    {
        context.UpdateTarget(new Text(string.Empty));
        context.Refresh();
    }

    private void Say(DateTimeOffset at, string text)
    {
        _said.Enqueue($"{TimeZoneInfo.ConvertTime(at, time.LocalTimeZone):HH:mm:ss} {text}");
        while (_said.Count > 4)
        {
            _said.Dequeue();
        }
    }

    private Rows Render(SweepDetail sweep)
    {
        var height = Math.Max(20, console.Profile.Height);
        var running = sweep.Trials.Where(t => t.State.IsHeld()).Take(8).ToList();
        var room = Math.Clamp(height - running.Count - _said.Count - 14, 3, 24);
        List<IRenderable> parts = [Header(sweep), Running(sweep, running, console.Profile.Width)];
        if (sweep.Trials.Any(t => t.Best is not null))
        {
            parts.Add(Leaderboard.Render(sweep, room, $"[bold]leaderboard[/] [grey](validation {Markup.Escape(sweep.Summary.Metric)})[/]", console.Profile.Width));
        }

        parts.AddRange(_said.Select(s => new Markup($"[grey]{Markup.Escape(Format.Cut(s, console.Profile.Width - 1))}[/]")));
        parts.Add(new Markup("[grey]Ctrl-C leaves the watch; the sweep goes on.[/]"));
        return new Rows(parts);
    }

    private static Markup Header(SweepDetail sweep)
    {
        var summary = sweep.Summary;
        var done = sweep.Trials.Count(t => t.State.HasEnded());
        var share = sweep.Trials.Count == 0 ? 0 : sweep.Trials.Sum(Share) / sweep.Trials.Count;
        var best = summary.Best?.Validation?.MacroF1 is { } f1 ? $"  best [green]{Format.Score(f1)}[/] (trial {summary.Best.Trial})" : string.Empty;
        return new Markup(
            $"[bold]{Markup.Escape(summary.Sweep)}[/] {Format.Word(summary.State)}  [green]{Format.Bar(share, 30)}[/] {done}/{sweep.Trials.Count} trials  "
            + $"[grey]so far[/] {Format.Duration(summary.ActiveSeconds)}  [grey]left[/] {Left(summary)}{best}");
    }

    private static string Left(SweepSummary summary) => summary.State switch
    {
        SweepState.Preflight => "[grey]preflight measures it[/]",
        SweepState.Scoring => "[grey]scoring the test split[/]",
        _ => summary.SecondsLeft is null ? "-" : "~" + Format.Duration(summary.SecondsLeft),
    };

    private static double Share(TrialSummary trial) =>
        trial.State.HasEnded() ? 1 : trial.Progress is { TotalSteps: > 0 } p ? (double)p.Step / p.TotalSteps
        : trial.TotalSteps > 0 ? (double)trial.Step / trial.TotalSteps : 0;

    /// <summary>What runs, a line each whatever the width: a taller page would push its own head off the screen.</summary>
    private static Table Running(SweepDetail sweep, List<TrialSummary> running, int width)
    {
        var bar = width < 100 ? 8 : 16;
        List<(string Name, Func<TrialSummary, string> Cell)> columns =
        [
            ("trial", t => t.Trial.ToString(CultureInfo.InvariantCulture)),
            ("progress", t => t.Progress is { } p ? $"[blue]{Format.Bar(Share(t), bar)}[/] {p.Step}/{p.TotalSteps}" : "[grey]starting[/]"),
            ("phase", t => t.Progress?.Phase ?? string.Empty),
            ("loss", t => Format.Number(t.Progress?.Loss)),
            ("lr", t => Format.Number(t.Progress?.LearningRate)),
            ("tok/s", t => Format.Count(t.Progress?.TokensPerSecond)),
            ("attempt", t => t.Attempt > 1 ? $"[yellow]{t.Attempt}[/]" : t.Attempt.ToString(CultureInfo.InvariantCulture)),
        ];
        foreach (var spare in new[] { "lr", "tok/s", "phase" })
        {
            if (Room() < 20)
            {
                columns.RemoveAll(column => column.Name == spare);
            }
        }

        var table = new Table().Border(TableBorder.None);
        foreach (var (name, _) in columns)
        {
            table.AddColumn(new TableColumn($"[grey]{name}[/]").NoWrap());
        }

        table.AddColumn(new TableColumn("[grey]settings[/]").NoWrap());
        foreach (var trial in running)
        {
            table.AddRow([
                .. columns.Select(column => column.Cell(trial)),
                Markup.Escape(Format.Cut(Format.Settings(trial, sweep.Axes), Math.Max(8, Room()))),
            ]);
        }

        return table;

        int Room() => width - 3 - columns.Sum(column =>
            2 + Math.Max(column.Name.Length, running.Select(t => Markup.Remove(column.Cell(t)).Length).DefaultIfEmpty().Max()));
    }
}
