using Spectre.Console;
using Sweeps.Core.Api;

namespace Sweeps.Cli.Show;

/// <summary>What each decision from the same weights scores: a trial with variants.</summary>
internal static class Decisions
{
    /// <summary>The table, the one decided by in green; null where there is only the plain decision.</summary>
    public static Table? Render(TrialSummary trial, BestTrial best)
    {
        if (trial.Decisions.Count < 2)
        {
            return null;
        }

        var tested = best.Tests.Count > 0;
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .Title($"decisions of trial {trial.Trial}, from the same weights");
        table.AddColumn("decision");
        foreach (var name in new[] { "macro F1", "accuracy", "loss" })
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        foreach (var name in tested ? ["test macro F1", "test accuracy", "test loss"] : Array.Empty<string>())
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        foreach (var scores in trial.Decisions)
        {
            var cells = Cells(scores);
            if (tested)
            {
                cells = cells.Concat(Cells(best.Tests.FirstOrDefault(test => test.Variant == scores.Variant)));
            }

            var chosen = scores.Variant == best.Validation?.Variant;
            table.AddRow([.. cells.Prepend(Markup.Escape(scores.Variant)).Select(cell => new Markup(chosen ? $"[bold green]{cell}[/]" : cell))]);
        }

        return table;
    }

    private static IEnumerable<string> Cells(Scores? scores) =>
        [Format.Score(scores?.MacroF1), Format.Score(scores?.Accuracy), Format.Score(scores?.Loss)];
}
