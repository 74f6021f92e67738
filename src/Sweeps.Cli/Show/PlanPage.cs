using System.Globalization;
using Spectre.Console;
using Sweeps.Cli.Launching;
using Sweeps.Core.Json;

namespace Sweeps.Cli.Show;

/// <summary>What would run, and what it would take.</summary>
internal static class PlanPage
{
    public static void Write(IAnsiConsole console, Launch launch, bool json)
    {
        var plan = launch.Plan;
        if (json)
        {
            Console.Out.WriteLine(SweepsJson.Write(new
            {
                plan.GridPoints,
                Trials = plan.Trials.Count,
                plan.TotalSteps,
                plan.Warnings,
                plan.TrainerSeconds,
                plan.Axes,
                Merged = plan.Merged.Select(m => m.ToString()),
                launch.Data.Facts.Rows,
                launch.Data.Facts.ClassCounts,
                launch.Model,
            }));
            return;
        }

        console.MarkupLine($"[bold]{Markup.Escape(launch.Spec.Name)}[/]: {Format.Plural(plan.GridPoints, "point")} of the grid, [bold]{Format.Plural(plan.Trials.Count, "trial")}[/], {Format.Plural(plan.TotalSteps, "optimiser step")}");
        if (launch.Spec.Defaults.Data.IsMultiLabel)
        {
            console.MarkupLine(Markup.Escape(LabelsOf(launch)));
        }

        foreach (var note in plan.Merged.Select(m => m.ToString()).Concat(plan.NotApplying.Select(a => $"{a} applies to no trial")))
        {
            console.MarkupLine($"[grey]{Markup.Escape(note)}[/]");
        }

        foreach (var warning in launch.Data.Warnings.Concat(plan.Warnings))
        {
            console.MarkupLine($"[yellow]note:[/] {Markup.Escape(warning)}");
        }

        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        table.AddColumn(new TableColumn("trial").RightAligned());
        foreach (var axis in plan.Axes)
        {
            table.AddColumn(new TableColumn(Markup.Escape(axis)).RightAligned());
        }

        table.AddColumn(new TableColumn("steps").RightAligned());
        foreach (var trial in plan.Trials.Take(60))
        {
            table.AddRow([
                trial.Number.ToString(CultureInfo.InvariantCulture),
                .. plan.Axes.Select(a => Markup.Escape(Value(trial.Point.FirstOrDefault(p => p.Key == a).Value))),
                trial.Steps.ToString(CultureInfo.InvariantCulture),
            ]);
        }

        console.Write(table);
        if (plan.Trials.Count > 60)
        {
            console.MarkupLine($"[grey]... and {plan.Trials.Count - 60} more[/]");
        }

        console.MarkupLine(plan.TrainerSeconds is { } seconds
            ? $"about {Format.Duration(seconds)} of one core's training; the preflight measures it before the first trial"
            : "the preflight measures the time before the first trial");
    }

    /// <summary>A value as a spec writes it; nothing where the axis does not apply.</summary>
    private static string Value(object? value) => value is bool on
        ? on ? "true" : "false"
        : Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;

    /// <summary>How often each label stands in the training file, where a row has any number of them.</summary>
    private static string LabelsOf(Launch launch)
    {
        const int shown = 20;
        var facts = launch.Data.Facts;
        var counts = string.Join(", ", facts.ClassCounts.Take(shown).Select(label =>
            string.Create(CultureInfo.InvariantCulture, $"{label.Key} {label.Value:N0}")));
        var more = facts.ClassCounts.Count > shown ? $" and {facts.ClassCounts.Count - shown} more" : string.Empty;
        return $"{facts.ClassCounts.Count} labels, any number a row: {counts}{more}; {Format.Plural(facts.RowsWithoutLabel, "training row")} without a label";
    }
}
