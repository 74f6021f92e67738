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

    /// <param name="sweep">The sweep.</param>
    /// <param name="rows">Most rows shown.</param>
    /// <param name="title">Title, as markup.</param>
    public static Table Render(SweepDetail sweep, int rows, string title)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey).Title(title);
        var labels = sweep.Labels.Count <= 5 ? sweep.Labels : [];
        table.AddColumn(new TableColumn("#").RightAligned());
        table.AddColumn(new TableColumn("trial").RightAligned());
        table.AddColumn("state");
        table.AddColumn(new TableColumn("macro F1").RightAligned());
        foreach (var label in labels)
        {
            table.AddColumn(new TableColumn(Markup.Escape(Short(label))).RightAligned());
        }

        table.AddColumn(new TableColumn("accuracy").RightAligned());
        table.AddColumn(new TableColumn("seconds").RightAligned());
        table.AddColumn(new TableColumn("trainable").RightAligned());
        table.AddColumn(new TableColumn("share").RightAligned());
        foreach (var axis in sweep.Axes)
        {
            table.AddColumn(new TableColumn(Markup.Escape(axis)).RightAligned());
        }

        var rank = 0;
        foreach (var trial in Order(sweep).Take(rows))
        {
            var chosen = sweep.Summary.Best is { } best && best.Trial == trial.Trial;
            List<string> cells =
            [
                trial.Best is null ? string.Empty : (++rank).ToString(System.Globalization.CultureInfo.InvariantCulture),
                trial.Trial.ToString(System.Globalization.CultureInfo.InvariantCulture),
                State(trial),
                Format.Score(trial.Best?.MacroF1),
            ];
            cells.AddRange(labels.Select(l => trial.Best?.F1 is { } f1 && f1.TryGetValue(l, out var v) ? Format.Score(v) : "-"));
            cells.Add(Format.Score(trial.Best?.Accuracy));
            cells.Add(trial.Seconds.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture));
            cells.Add(Format.Count(trial.TrainableParameters));
            cells.Add(Format.Share(trial.TrainableParameters, trial.TotalParameters));
            cells.AddRange(sweep.Axes.Select(a => Markup.Escape(trial.Point.GetValueOrDefault(a, string.Empty))));
            table.AddRow([.. cells.Select(c => new Markup(chosen ? $"[bold green]{c}[/]" : c))]);
        }

        return table;
    }

    public static string State(TrialSummary trial) => trial.State switch
    {
        JobState.Completed => "completed",
        JobState.Failed => $"[red]failed ({Markup.Escape(Format.Word(trial.FailureClass ?? FailureClass.Crash))})[/]",
        JobState.Running or JobState.Leased => "[yellow]running[/]",
        JobState.Queued when trial.FailureClass is not null => "[yellow]waits to retry[/]",
        var state => Format.Word(state),
    };

    private static string Short(string label) => label.Length <= 12 ? label : label[..11] + "\u2026";
}
