using System.Globalization;
using Spectre.Console;
using Sweeps.Core.Api;
using Sweeps.Core.Ledger;
using Sweeps.Core.Spec;

namespace Sweeps.Cli.Show;

/// <summary>One trial on one screen.</summary>
internal static class TrialPage
{
    public static void Write(IAnsiConsole console, TrialDetail detail)
    {
        var trial = detail.Trial;
        console.MarkupLine($"[bold]trial {trial.Trial}[/]  {Leaderboard.State(trial)}  {Markup.Escape(string.Join(", ", trial.Point.Select(p => $"{p.Key} {p.Value}")))}");
        console.MarkupLine($"steps {trial.Step}/{trial.TotalSteps}, {Format.Duration(trial.Seconds)}, trains {Format.Count(trial.TrainableParameters)} of {Format.Count(trial.TotalParameters)} parameters ({Format.Share(trial.TrainableParameters, trial.TotalParameters)})");
        if (trial.Message is { Length: > 0 } message)
        {
            console.MarkupLine($"[yellow]{Markup.Escape(message)}[/]");
        }

        if (trial.FinalSha256 is { } hash)
        {
            console.MarkupLine($"[grey]final weights {hash[..16]}...[/]");
        }

        Curve(console, detail.Points);
        Evaluations(console, detail.Evaluations);
        Attempts(console, detail.Attempts);
    }

    private static void Curve(IAnsiConsole console, IReadOnlyList<MetricPointRow> points)
    {
        var finite = points.Where(p => double.IsFinite(p.Loss)).ToList();
        if (finite.Count < 2)
        {
            return;
        }

        const int height = 8;
        var width = Math.Min(72, finite.Count);
        var low = finite.Min(p => p.Loss);
        var high = Math.Max(finite.Max(p => p.Loss), low + 1e-9);
        var cells = new bool[height, width];
        for (var x = 0; x < width; x++)
        {
            var part = finite.Skip(x * finite.Count / width).Take(Math.Max(1, finite.Count / width));
            var y = (part.Average(p => p.Loss) - low) / (high - low);
            cells[Math.Clamp((int)((1 - y) * (height - 1) + 0.5), 0, height - 1), x] = true;
        }

        console.MarkupLine("[grey]training loss[/]");
        for (var y = 0; y < height; y++)
        {
            var label = y == 0 ? Format.Number(high) : y == height - 1 ? Format.Number(low) : string.Empty;
            console.MarkupLine($"[grey]{label,9} \u2502[/][blue]{string.Concat(Enumerable.Range(0, width).Select(x => cells[y, x] ? '\u2022' : ' '))}[/]");
        }

        var last = finite[^1].Step.ToString(CultureInfo.InvariantCulture);
        console.MarkupLine($"[grey]          \u2514{new string('\u2500', width)}[/]");
        console.MarkupLine($"[grey]           {finite[0].Step.ToString(CultureInfo.InvariantCulture).PadRight(Math.Max(1, width - last.Length))}{last} steps[/]");
    }

    private static void Evaluations(IAnsiConsole console, IReadOnlyList<EvaluationRow> evaluations)
    {
        if (evaluations.Count == 0)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey).Title("evaluations");
        table.AddColumns("step", "split", "loss", "accuracy", "macro F1", "attempt");
        foreach (var e in evaluations)
        {
            table.AddRow(
                e.Step.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(e.Variant == VariantSettings.Plain ? e.Split : $"{e.Split}, {e.Variant}"),
                Format.Score(e.Loss),
                Format.Score(e.Accuracy),
                Format.Score(e.MacroF1),
                e.Attempt.ToString(CultureInfo.InvariantCulture));
        }

        console.Write(table);
    }

    private static void Attempts(IAnsiConsole console, IReadOnlyList<AttemptRow> attempts)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey).Title("attempts");
        table.AddColumns("#", "worker", "slot", "started", "from step", "outcome", "recovery", "message");
        foreach (var a in attempts)
        {
            table.AddRow(
                a.Number.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(a.Worker),
                a.Slot.ToString(CultureInfo.InvariantCulture),
                Format.When(a.StartedAt),
                a.ResumedFrom.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(a.Outcome ?? "open"),
                Format.Duration(a.RecoverySeconds),
                Markup.Escape(a.Message ?? string.Empty));
        }

        console.Write(table);
    }
}
