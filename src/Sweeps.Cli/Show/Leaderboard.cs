using System.Globalization;
using Spectre.Console;
using Sweeps.Core.Api;
using Sweeps.Core.States;

namespace Sweeps.Cli.Show;

/// <summary>The table of trials, best first.</summary>
internal static class Leaderboard
{
    /// <summary>Trials in order of their best objective (ties: the lowest number), those without one last.</summary>
    public static IEnumerable<TrialSummary> Order(SweepDetail sweep)
    {
        var maximize = sweep.Summary.Maximize;
        return sweep.Trials
            .OrderBy(t => Objective(t, sweep.Summary.Metric) is null)
            .ThenBy(t => (maximize ? -1 : 1) * (Objective(t, sweep.Summary.Metric) ?? 0))
            .ThenBy(t => t.Trial);
    }

    public static double? Objective(TrialSummary trial, string metric) => metric switch
    {
        "accuracy" => trial.Best?.Accuracy,
        "loss" => trial.Best?.Loss,
        _ => trial.Best?.MacroF1,
    };

    /// <summary>The table, without the columns that a narrow terminal has no room for (the least telling go first).</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="rows">Most rows shown.</param>
    /// <param name="title">Title, as markup.</param>
    /// <param name="width">Characters there are.</param>
    public static Table Render(SweepDetail sweep, int rows, string title, int width)
    {
        var trials = Order(sweep).Take(rows).ToList();
        var columns = Columns(sweep).ToList();
        while (columns.Count > 4 && Width(columns, trials) > width && columns.Where(c => c.Rank > 0).MaxBy(c => c.Rank) is { } least)
        {
            columns.Remove(least);
        }

        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey).Title(title);
        foreach (var column in columns)
        {
            var shown = new TableColumn(Markup.Escape(column.Name)).NoWrap();
            table.AddColumn(column.IsText ? shown : shown.RightAligned());
        }

        foreach (var trial in trials)
        {
            var chosen = sweep.Summary.Best is { } best && best.Trial == trial.Trial;
            table.AddRow([.. columns.Select(c => new Markup(chosen ? $"[bold green]{c.Cell(trial)}[/]" : c.Cell(trial)))]);
        }

        return table;
    }

    /// <summary>All columns; a rank above 0 may be left out, the highest first.</summary>
    private static IEnumerable<Column> Columns(SweepDetail sweep)
    {
        var ranks = Order(sweep).Where(t => t.Best is not null).Select((t, i) => (t.Trial, Rank: i + 1)).ToDictionary(p => p.Trial, p => p.Rank);
        yield return new Column("#", t => ranks.TryGetValue(t.Trial, out var rank) ? rank.ToString(CultureInfo.InvariantCulture) : string.Empty, 5);
        yield return new Column("trial", t => t.Trial.ToString(CultureInfo.InvariantCulture));
        yield return new Column("state", State, IsText: true, Rank: 2);
        yield return new Column("macro F1", t => Format.Score(t.Best?.MacroF1));
        foreach (var label in sweep.Labels.Count <= 5 ? sweep.Labels : [])
        {
            yield return new Column(Short(label), t => t.Best?.F1 is { } f1 && f1.TryGetValue(label, out var v) ? Format.Score(v) : "-", 4);
        }

        yield return new Column("accuracy", t => Format.Score(t.Best?.Accuracy), 6);
        yield return new Column("seconds", t => t.Seconds.ToString("0.0", CultureInfo.InvariantCulture), 3);
        yield return new Column("trainable", t => Format.Count(t.TrainableParameters), 7);
        yield return new Column("share", t => Format.Share(t.TrainableParameters, t.TotalParameters), 5);
        foreach (var axis in sweep.Axes)
        {
            yield return new Column(axis, t => Markup.Escape(t.Point.GetValueOrDefault(axis, string.Empty)));
        }
    }

    private static int Width(List<Column> columns, List<TrialSummary> trials) =>
        1 + columns.Sum(c => 3 + Math.Max(c.Name.Length, trials.Select(t => Markup.Remove(c.Cell(t)).Length).DefaultIfEmpty().Max()));

    public static string State(TrialSummary trial) => trial.State switch
    {
        JobState.Completed => "completed",
        JobState.Failed => $"[red]failed ({Markup.Escape(Format.Word(trial.FailureClass ?? FailureClass.Crash))})[/]",
        JobState.Running or JobState.Leased => "[yellow]running[/]",
        JobState.Queued when trial.FailureClass is not null => "[yellow]waits to retry[/]",
        var state => Format.Word(state),
    };

    private static string Short(string label) => label.Length <= 12 ? label : label[..11] + "\u2026";

    private sealed record Column(string Name, Func<TrialSummary, string> Cell, int Rank = 0, bool IsText = false);
}
