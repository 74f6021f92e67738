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
            Say($"{row.Kind}: {row.Message}");
        }
    }

    public void Note(string message) => Say(message);

    public void End(SweepDetail sweep)
    {
        context.UpdateTarget(new Text(string.Empty));
        context.Refresh();
    }

    private void Say(string text)
    {
        _said.Enqueue($"{time.GetLocalNow():HH:mm:ss} {text}");
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
        List<IRenderable> parts = [Header(sweep), Running(sweep, running)];
        if (sweep.Trials.Any(t => t.Best is not null))
        {
            parts.Add(Leaderboard.Render(sweep, room, $"[bold]leaderboard[/] [grey](validation {Markup.Escape(sweep.Summary.Metric)})[/]", console.Profile.Width));
        }

        parts.AddRange(_said.Select(s => new Markup($"[grey]{Markup.Escape(s)}[/]")));
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
            + $"{Format.Duration(summary.ActiveSeconds)}  left {Left(summary)}{best}");
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

    private static Table Running(SweepDetail sweep, List<TrialSummary> running)
    {
        var table = new Table().Border(TableBorder.None).Expand();
        foreach (var column in new[] { "trial", "progress", "phase", "loss", "lr", "tok/s", "attempt", "settings" })
        {
            table.AddColumn($"[grey]{column}[/]");
        }

        foreach (var trial in running)
        {
            var p = trial.Progress;
            table.AddRow(
                trial.Trial.ToString(CultureInfo.InvariantCulture),
                p is null ? "[grey]starting[/]" : $"[blue]{Format.Bar(Share(trial), 16)}[/] {p.Step}/{p.TotalSteps}",
                p?.Phase ?? string.Empty,
                Format.Number(p?.Loss),
                Format.Number(p?.LearningRate),
                Format.Count(p?.TokensPerSecond),
                trial.Attempt > 1 ? $"[yellow]{trial.Attempt}[/]" : trial.Attempt.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(Format.Settings(trial, sweep.Axes)));
        }

        return table;
    }
}
