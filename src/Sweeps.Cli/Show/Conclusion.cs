using Spectre.Console;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Spec;
using Sweeps.Core.States;

namespace Sweeps.Cli.Show;

/// <summary>What a person reads when a sweep has ended.</summary>
internal static class Conclusion
{
    private const int MostLines = 40;

    /// <param name="console">Where to.</param>
    /// <param name="sweep">The sweep.</param>
    /// <param name="home">Its home, which the commands to type next must name unless it is the default.</param>
    public static void Write(IAnsiConsole console, SweepDetail sweep, SweepsHome home)
    {
        var summary = sweep.Summary;
        var tail = Markup.Escape(home.OnCommandLine());
        console.Write(Leaderboard.Render(sweep, MostLines, $"[bold]{Markup.Escape(summary.Sweep)}[/]  validation, best first", console.Profile.Width));
        if (Leaderboard.Order(sweep).Count() + sweep.External.Count - MostLines is > 0 and var more)
        {
            console.MarkupLine($"[grey]... and {more} more lines: sweeps trials {Markup.Escape(summary.Sweep)}{tail}[/]");
        }

        foreach (var job in sweep.Preflight.Where(j => j.State == JobState.Failed && j.Message is not null))
        {
            console.MarkupLine($"[red]{Markup.Escape(job.Job.ToString())} failed:[/] {Markup.Escape(job.Message!)}");
        }

        if (summary.Reason is { Length: > 0 } reason)
        {
            console.MarkupLine($"[yellow]{Markup.Escape(reason)}[/]");
        }

        if (summary.Best is not { } best || sweep.Trials.FirstOrDefault(t => t.Trial == best.Trial) is not { } trial)
        {
            if (!summary.State.HasEnded())
            {
                console.MarkupLine($"[grey]{Format.Word(summary.State)}; no evaluation yet.  Watch it: sweeps watch {Markup.Escape(summary.Sweep)}{tail}[/]");
                return;
            }

            console.MarkupLine($"[red]{Markup.Escape(summary.Sweep)} {Format.Word(summary.State)}: no trial has a result.[/] sweeps logs {Markup.Escape(summary.Sweep)}{tail} says why.");
            return;
        }

        var test = best.Test is { } t
            ? $" On the test split, which no trial saw, it scores macro F1 [bold]{Format.Score(t.MacroF1)}[/] and accuracy [bold]{Format.Score(t.Accuracy)}[/]{PerClass(t, sweep.Labels)}."
            : " It has no test score.";
        console.MarkupLine(
            $"{(best.Chosen ? "Best setting" : "Leader so far")}: [bold green]trial {best.Trial}[/]{Decided(best)}{With(Format.Settings(trial, sweep.Axes))}: "
            + $"validation {Reached(summary, best.Validation)} after {Format.Duration(trial.Seconds)}, training {Format.Share(trial.TrainableParameters, trial.TotalParameters)} of the parameters.{test}");
        if (Decisions.Render(trial, best) is { } decisions)
        {
            console.Write(decisions);
        }

        console.MarkupLine(
            $"[grey]Took {Format.Duration(summary.ActiveSeconds)}. Next:[/] sweeps predict {Markup.Escape(summary.Sweep)}{tail} --text \"...\"  [grey]tries it;[/]  "
            + $"sweeps best {Markup.Escape(summary.Sweep)}{tail} --export DIR  [grey]saves it for Hugging Face;[/]  sweeps trial {Markup.Escape(summary.Sweep)} {best.Trial}{tail}  [grey]shows its curve.[/]");
    }

    private static string With(string settings) => settings.Length == 0 ? string.Empty : $" with {Markup.Escape(settings)}";

    /// <summary>The objective's value, and macro F1 beside another objective.</summary>
    private static string Reached(SweepSummary sweep, Scores? scores)
    {
        var f1 = $"macro F1 [bold]{Format.Score(scores?.MacroF1)}[/]";
        return sweep.Metric == "macro_f1" ? f1 : $"{sweep.Metric} [bold]{Format.Score(Leaderboard.Objective(scores, sweep.Metric))}[/], {f1},";
    }

    private static string Decided(BestTrial best) =>
        best.Validation is { Variant: not VariantSettings.Plain } scores ? $", decided as [bold]{Markup.Escape(scores.Variant)}[/]" : string.Empty;

    private static string PerClass(Scores scores, IReadOnlyList<string> labels) =>
        scores.F1 is { } f1 && labels.Count <= 5
            ? $" ({string.Join(", ", labels.Where(f1.ContainsKey).Select(l => $"{Markup.Escape(l)} {Format.Score(f1[l])}"))})"
            : string.Empty;
}
