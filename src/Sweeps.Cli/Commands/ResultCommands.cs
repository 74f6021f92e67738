using System.CommandLine;
using Spectre.Console;
using Sweeps.Cli.Show;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;

namespace Sweeps.Cli.Commands;

/// <summary><c>best</c> and <c>predict</c>: the winner, saved or tried.</summary>
internal static class ResultCommands
{
    public static IEnumerable<Command> Create(Context context)
    {
        yield return Best(context);
        yield return Predict(context);
    }

    private static Command Best(Context context)
    {
        var sweep = Arguments.Sweep();
        var export = new Option<string?>("--export") { Description = "Write the model there as a Hugging Face (or PEFT) folder.", HelpName = "DIR" };
        var merge = new Option<bool>("--merge") { Description = "With --export: fold an adapter into the weights and write the whole model." };
        var command = new Command("best", "Show the best trial of a sweep, or export its model.") { sweep, export, merge };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = await Context.AnyAsync(parse, cancellation);
            var best = await client.BestAsync(parse.GetValue(sweep)!, cancellation);
            if (parse.GetValue(export) is { } folder
                && await ExportAsync(best, Context.Home(parse), folder, parse.GetValue(merge), cancellation) is var code and not 0)
            {
                return code;
            }

            if (Context.Json(parse))
            {
                Console.Out.WriteLine(SweepsJson.Write(best));
                return ExitCodes.Ok;
            }

            context.Console.MarkupLine($"[bold]trial {best.Trial.Trial}[/]{(best.Best.Chosen ? string.Empty : " (so far)")}: {Markup.Escape(string.Join(", ", best.Trial.Point.Select(p => $"{p.Key} {p.Value}")))}");
            context.Console.MarkupLine($"validation macro F1 [bold]{Format.Score(best.Best.Validation?.MacroF1)}[/], accuracy {Format.Score(best.Best.Validation?.Accuracy)}; test macro F1 [bold]{Format.Score(best.Best.Test?.MacroF1)}[/], accuracy {Format.Score(best.Best.Test?.Accuracy)}");
            context.Console.MarkupLine(parse.GetValue(export) is { } written
                ? $"written to {Markup.Escape(Path.GetFullPath(written))}"
                : $"[grey]weights: {Markup.Escape(best.Checkpoint)}   save for Hugging Face: sweeps best {Markup.Escape(parse.GetValue(sweep) + Context.Home(parse).OnCommandLine())} --export DIR[/]");
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <returns>0, or <see cref="ExitCodes.Failed"/> after the trainer said why.</returns>
    private static async Task<int> ExportAsync(
        BestReply best, SweepsHome home, string folder, bool merge, CancellationToken cancellation)
    {
        var target = Arguments.NewFolder("--export", folder);
        var from = best.Base;
        if (from.StartsWith(home.Bases + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            // An adapter names its base by path, and the home's copy of a built-in one goes with its sweeps: it gets its own.
            from = Path.Combine(target, "base");
            Directory.CreateDirectory(from);
            foreach (var file in Directory.EnumerateFiles(best.Base))
            {
                File.Copy(file, Path.Combine(from, Path.GetFileName(file)));
            }
        }

        var code = await WithSettingsAsync(best, settings => Context.Trainer().RunAsync(
            [
                "export", "--checkpoint", best.Checkpoint, "--base", from, "--settings", settings, "--out", target,
                .. merge ? ["--merge"] : Array.Empty<string>(),
            ],
            cancellation));
        if (from != best.Base && !File.Exists(Path.Combine(target, "adapter_config.json")))
        {
            Directory.Delete(from, recursive: true);
        }

        return code == 0 ? ExitCodes.Ok : ExitCodes.Failed;
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
        var command = new Command("predict", "Try the best model of a sweep on a text.") { sweep, text };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = await Context.AnyAsync(parse, cancellation);
            var best = await client.BestAsync(parse.GetValue(sweep)!, cancellation);
            List<string> arguments = ["--checkpoint", best.Checkpoint, "--base", best.Base];
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

    private static async Task<int> WithSettingsAsync(BestReply best, Func<string, Task<int>> run)
    {
        var settings = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(settings, best.SettingsJson);
            return await run(settings);
        }
        finally
        {
            File.Delete(settings);
        }
    }
}
