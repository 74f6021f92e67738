using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Sweeps.Cli.Show;
using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;

namespace Sweeps.Cli.Commands;

/// <summary><c>best</c>, <c>predict</c> and <c>evaluate</c>: the winner, or another trial, saved, tried or scored on a file.</summary>
internal static class ResultCommands
{
    public static IEnumerable<Command> Create(Context context)
    {
        yield return Best(context);
        yield return Predict(context);
        yield return Evaluate(context);
    }

    private static Option<int?> TrialOption() => new("--trial")
    {
        Description = "Number of a trial, instead of the best one.",
        HelpName = "N",
    };

    private static Option<string?> VariantOption() => new("--variant")
    {
        Description = "Decide as this variant of the spec does, or `plain` (default: the decision that scored best on validation).",
        HelpName = "NAME",
    };

    private static Command Best(Context context)
    {
        var sweep = Arguments.Sweep();
        var export = new Option<string?>("--export") { Description = "Write the model there as a Hugging Face (or PEFT) folder.", HelpName = "DIR" };
        var merge = new Option<bool>("--merge") { Description = "With --export: fold an adapter into the weights and write the whole model." };
        var withBase = new Option<bool>("--with-base") { Description = "With --export: copy an adapter's base model into DIR/base, so that the folder stands alone." };
        var trial = TrialOption();
        var command = new Command("best", "Show the best trial of a sweep, or export its model.") { sweep, export, merge, withBase, trial };
        command.SetAction(async (parse, cancellation) =>
        {
            ModelExport.Check(parse.GetValue(export), parse.GetValue(merge), parse.GetValue(withBase));
            using var client = await Context.AnyAsync(parse, cancellation);
            var best = await client.BestAsync(parse.GetValue(sweep)!, parse.GetValue(trial), cancellation);
            if (parse.GetValue(export) is { } folder
                && await ModelExport.RunAsync(best, Context.Home(parse), folder, parse.GetValue(merge), parse.GetValue(withBase), cancellation) is var code and not 0)
            {
                return code;
            }

            if (Context.Json(parse))
            {
                Console.Out.WriteLine(SweepsJson.Write(best));
                return ExitCodes.Ok;
            }

            var standing = best.Best.Chosen ? string.Empty : parse.GetValue(trial) is null ? " (so far)" : " (not the best)";
            context.Console.MarkupLine($"[bold]trial {best.Trial.Trial}[/]{standing}: {Markup.Escape(string.Join(", ", best.Trial.Point.Select(p => $"{p.Key} {p.Value}")))}");
            context.Console.MarkupLine($"validation macro F1 [bold]{Format.Score(best.Best.Validation?.MacroF1)}[/], accuracy {Format.Score(best.Best.Validation?.Accuracy)}; test macro F1 [bold]{Format.Score(best.Best.Test?.MacroF1)}[/], accuracy {Format.Score(best.Best.Test?.Accuracy)}");
            if (Decisions.Render(best.Trial, best.Best) is { } decisions)
            {
                context.Console.Write(decisions);
            }

            context.Console.MarkupLine(parse.GetValue(export) is { } written
                ? $"written to {Markup.Escape(Path.GetFullPath(written))}"
                : $"[grey]weights: {Markup.Escape(best.Checkpoint)}   save for Hugging Face: sweeps best {Markup.Escape(parse.GetValue(sweep) + Context.Home(parse).OnCommandLine())} --export DIR[/]");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Predict(Context context)
    {
        var sweep = Arguments.Sweep();
        var text = new Option<string[]>("--text")
        {
            Description = "A text for the template's only column, or column=value for each column (audience=\"...\" brand=\"...\").",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
            HelpName = "TEXT",
        };
        var trial = TrialOption();
        var variant = VariantOption();
        var command = new Command("predict", "Try the best model of a sweep on a text.") { sweep, text, trial, variant };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = await Context.AnyAsync(parse, cancellation);
            var best = await client.BestAsync(parse.GetValue(sweep)!, parse.GetValue(trial), cancellation);
            List<string> arguments = ["--checkpoint", best.Checkpoint, "--base", best.Base, .. Deciding(best, parse.GetValue(variant))];
            foreach (var value in parse.GetValue(text)!)
            {
                arguments.AddRange(["--text", value]);
            }

            if (Context.Json(parse))
            {
                arguments.Add("--json");
            }

            var code = await WithSettingsAsync(best, settings => Context.Trainer().RunAsync(["predict", .. arguments, "--settings", settings], cancellation));
            return code == 0 ? ExitCodes.Ok : code;
        });
        return command;
    }

    private static Command Evaluate(Context context)
    {
        var sweep = Arguments.Sweep();
        var trial = TrialOption();
        var variant = VariantOption();
        var data = new Option<string>("--data")
        {
            Description = "CSV or JSON Lines with the template's columns and the label's.",
            Required = true,
            HelpName = "FILE",
        };
        var predictions = new Option<string?>("--predictions")
        {
            Description = "Write the labels of --variant there as CSV, one row a row of the file.",
            HelpName = "CSV",
        };
        var command = new Command("evaluate", "Score the best model of a sweep, or another trial's, on a labelled file, with every decision of the spec.")
        {
            sweep, data, trial, predictions, variant,
        };
        command.SetAction(async (parse, cancellation) =>
        {
            var file = Path.GetFullPath(parse.GetValue(data)!);
            if (!File.Exists(file))
            {
                throw new CliException($"there is no file {file}", ExitCodes.BadInput, "name a CSV or JSON Lines file: --data FILE");
            }

            // Scoring takes its time: nobody should hear only at its end that there is no place for the labels.
            var output = parse.GetValue(predictions) is { } named ? Arguments.NewFile("--predictions", named) : null;

            using var client = await Context.AnyAsync(parse, cancellation);
            var best = await client.BestAsync(parse.GetValue(sweep)!, parse.GetValue(trial), cancellation);
            List<string> arguments =
            [
                "evaluate", "--checkpoint", best.Checkpoint, "--base", best.Base, "--data", file,
                "--threads", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
                .. Deciding(best, parse.GetValue(variant)),
            ];
            if (output is not null)
            {
                arguments.AddRange(["--predictions", output]);
            }

            if (Context.Json(parse))
            {
                arguments.Add("--json");
            }
            else
            {
                context.Console.MarkupLine($"[bold]trial {best.Trial.Trial}[/] on {Markup.Escape(file)}");
            }

            var code = await WithSettingsAsync(best, settings => Context.Trainer().RunAsync([.. arguments, "--settings", settings], cancellation));
            return code == 0 ? ExitCodes.Ok : code;
        });
        return command;
    }

    /// <summary>The decision to make: the one asked for, else the one that scored best.</summary>
    private static string[] Deciding(BestReply best, string? asked) =>
        (asked ?? best.Best.Validation?.Variant) is { } variant and not VariantSettings.Plain ? ["--variant", variant] : [];

    private static Task<int> WithSettingsAsync(BestReply best, Func<string, Task<int>> run) =>
        Scratch.WithFileAsync(best.SettingsJson, run);
}
