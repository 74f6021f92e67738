using System.Globalization;
using Spectre.Console;
using Sweeps.Core.Api;
using Sweeps.Core.Spec;
using Sweeps.Core.States;

namespace Sweeps.Cli.Show;

/// <summary>The table of trials, best first.</summary>
internal static class Leaderboard
{
    /// <summary>In place of a trial's number: a result that was made elsewhere.</summary>
    private const int External = int.MaxValue;

    /// <summary>
    /// Trials in order of their best objective (ties: the lowest number), those without one last. A trial whose spec has
    /// variants comes once for each decision, with that one's scores.
    /// </summary>
    public static IEnumerable<TrialSummary> Order(SweepDetail sweep)
    {
        var maximize = sweep.Summary.Maximize;
        return sweep.Trials
            .SelectMany(t => t.Decisions.Count > 1 ? t.Decisions.Select(scores => t with { Best = scores }) : [t])
            .OrderBy(t => Objective(t, sweep.Summary.Metric) is null)
            .ThenBy(t => (maximize ? -1 : 1) * (Objective(t, sweep.Summary.Metric) ?? 0))
            .ThenBy(t => t.Trial);
    }

    public static double? Objective(TrialSummary trial, string metric) => Objective(trial.Best, metric);

    public static double? Objective(Scores? scores, string metric) =>
        new Objective(metric, Maximize: true).Of(scores?.MacroF1, scores?.Accuracy, scores?.Loss);

    /// <summary>What people call a metric.</summary>
    public static string NameOf(string metric) => metric == "macro_f1" ? "macro F1" : metric;

    /// <summary>The table, without the columns that a narrow terminal has no room for (the least telling go first).</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="rows">Most rows shown.</param>
    /// <param name="title">Title, as markup.</param>
    /// <param name="width">Characters there are.</param>
    /// <param name="tellsRest">Whether a line below says which columns were left out.</param>
    public static Table Render(SweepDetail sweep, int rows, string title, int width, bool tellsRest = true)
    {
        var trials = Order(sweep with { Trials = [.. sweep.Trials, .. sweep.External.Select(AsTrial)] }).Take(rows).ToList();
        var columns = Columns(sweep).ToList();
        var left = new List<string>();
        if (Width(columns, trials) > width)
        {
            // Names on two lines before any figure goes.
            columns = [.. columns.Select(column => column with { Name = Narrow(column.Name) })];
        }

        while (columns.Count > 4 && Width(columns, trials) > width && columns.Where(c => c.Rank > 0).MaxBy(c => c.Rank) is { } least)
        {
            // Scores by class go together: one of three alone would look like a choice.
            foreach (var column in columns.Where(c => c == least || (least.Group is not null && c.Group == least.Group)).ToList())
            {
                columns.Remove(column);
                left.Add(column.Name.Replace('\n', ' '));
            }
        }

        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey).Title(title);
        if (left.Count > 0 && tellsRest)
        {
            table.Caption($"[grey]a wider terminal also shows: {Markup.Escape(string.Join(", ", left))}[/]");
        }

        foreach (var column in columns)
        {
            var shown = new TableColumn(Markup.Escape(column.Name)).NoWrap();
            table.AddColumn(column.IsText ? shown : shown.RightAligned());
        }

        foreach (var trial in trials)
        {
            var chosen = sweep.Summary.Best is { } best && best.Trial == trial.Trial && best.Validation?.Variant == trial.Best?.Variant;
            table.AddRow([.. columns.Select(c => new Markup(chosen ? $"[bold green]{c.Cell(trial)}[/]" : c.Cell(trial)))]);
        }

        return table;
    }

    /// <summary>All columns; a rank above 0 may be left out, the highest first.</summary>
    private static IEnumerable<Column> Columns(SweepDetail sweep)
    {
        var ranks = Order(sweep).Where(t => t.Best is not null)
            .Select((t, i) => (Line: (t.Trial, t.Best!.Variant), Rank: i + 1)).ToDictionary(p => p.Line, p => p.Rank);
        yield return new Column("#", t => t.Best is not null && ranks.TryGetValue((t.Trial, t.Best.Variant), out var rank) ? rank.ToString(CultureInfo.InvariantCulture) : string.Empty, 5);
        yield return new Column("trial", t => t.Trial < External ? t.Trial.ToString(CultureInfo.InvariantCulture) : "-");

        if (sweep.Trials.Any(t => t.Decisions.Count > 1))
        {
            yield return new Column("decision", t => t.Trial == External ? "-" : Markup.Escape(t.Best?.Variant ?? string.Empty), IsText: true);
        }

        // Where all have completed, the word says the least of all.
        yield return new Column("state", State, IsText: true, Rank: sweep.Trials.All(t => t.State == JobState.Completed) ? 9 : 2);
        if (sweep.Summary.Metric == "loss")
        {
            yield return new Column("loss", t => Format.Score(t.Best?.Loss));
        }

        yield return new Column("macro F1", t => Format.Score(t.Best?.MacroF1));
        foreach (var label in sweep.Labels.Count <= 5 ? sweep.Labels : [])
        {
            yield return new Column(Short(label), t => t.Best?.F1 is { } f1 && f1.TryGetValue(label, out var v) ? Format.Score(v) : "-", 4, Group: "class");
        }

        yield return new Column("accuracy", t => Format.Score(t.Best?.Accuracy), 6);
        yield return new Column("seconds", t => t.Trial == External ? "-" : t.Seconds.ToString("0.0", CultureInfo.InvariantCulture), 3);
        yield return new Column("trainable", t => $"{Format.Count(t.TrainableParameters)} {Format.Share(t.TrainableParameters, t.TotalParameters),6}", 5);
        foreach (var axis in sweep.Axes)
        {
            yield return new Column(axis, t => Markup.Escape(t.Point.GetValueOrDefault(axis, string.Empty)));
        }
    }

    /// <summary>A result made elsewhere as a line of the table; it has no rank.</summary>
    private static TrialSummary AsTrial(ExternalResult result) => new()
    {
        Trial = External,
        Point = new Dictionary<string, string> { ["arm"] = result.File is null ? result.Name : $"{result.Name} (test)" },
        State = JobState.Completed,
        Best = new Scores(0, result.Loss, result.Accuracy, result.MacroF1, null),
    };

    private static int Width(List<Column> columns, List<TrialSummary> trials) =>
        1 + columns.Sum(c => 3 + Math.Max(c.Name.Split('\n').Max(line => line.Length), trials.Select(t => Markup.Remove(c.Cell(t)).Length).DefaultIfEmpty().Max()));

    public static string State(TrialSummary trial) => trial.State switch
    {
        _ when trial.Trial == External => "external",
        JobState.Completed => "completed",
        JobState.Failed => $"[red]failed ({Markup.Escape(Format.Word(trial.FailureClass ?? FailureClass.Crash))})[/]",
        JobState.Running => "[yellow]running[/]",
        JobState.Leased => "[yellow]starting[/]",
        JobState.Queued when trial.FailureClass is not null => "[yellow]waits to retry[/]",
        var state => Format.Word(state),
    };

    /// <summary>A name on two lines, broken where it has a joint: <c>learning_rate</c>, <c>macro F1</c>.</summary>
    private static string Narrow(string name)
    {
        var joint = name.AsSpan(0, name.Length - 1).LastIndexOfAny('_', ' ');
        return joint <= 0 ? name : $"{name[..joint]}\n{name[(joint + 1)..]}";
    }

    private static string Short(string label) => label.Length <= 12 ? label : label[..11] + "\u2026";

    private sealed record Column(string Name, Func<TrialSummary, string> Cell, int Rank = 0, bool IsText = false, string? Group = null);
}
