using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Sweeps.Cli.Launching;
using Sweeps.Cli.Show;
using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Examples;
using Sweeps.Data.Campaigns;

namespace Sweeps.Cli.Commands;

/// <summary><c>plan</c>, <c>validate</c>, <c>examples</c>, <c>data generate</c>, <c>model pretrain</c>: before a sweep.</summary>
internal static class SpecCommands
{
    public static IEnumerable<Command> Create(Context context)
    {
        yield return Validate(context);
        yield return Plan(context);
        yield return Examples(context);
        yield return DataCommand(context);
        yield return ModelCommand();
    }

    private static Argument<string> SpecArgument() => new("spec") { Description = "A grid.yaml, or the name of a built-in example." };

    private static Command Validate(Context context)
    {
        var spec = SpecArgument();
        var command = new Command("validate", "Check a grid.yaml: every error with its line and the fix. Data and base are not opened.") { spec };
        command.SetAction((parse, _) =>
        {
            var file = SpecFile.Open(parse.GetValue(spec)!);
            var result = SpecReader.Read(file.Yaml, file.Name);
            if (Context.Json(parse))
            {
                Console.Out.WriteLine(SweepsJson.Write(new { Valid = result.Spec is not null, result.Errors }));
            }
            else if (result.Spec is not null)
            {
                context.Console.MarkupLine($"[green]{Markup.Escape(file.Name)} is a good spec.[/]  What it would run: sweeps plan {Markup.Escape(parse.GetValue(spec)!)}");
            }
            else
            {
                foreach (var error in result.Errors)
                {
                    Console.Error.WriteLine(error);
                }
            }

            return Task.FromResult(result.Spec is not null ? ExitCodes.Ok : ExitCodes.BadInput);
        });
        return command;
    }

    private static Command Plan(Context context)
    {
        var spec = SpecArgument();
        var command = new Command("plan", "Show what a grid.yaml would run: trials, axes that do not apply, time. Starts nothing.") { spec };
        command.SetAction(async (parse, cancellation) =>
        {
            var scratch = Path.Combine(Path.GetTempPath(), $"sweeps-plan-{Environment.ProcessId}");
            try
            {
                var launch = await Launch.PrepareAsync(SpecFile.Open(parse.GetValue(spec)!), Context.Trainer(), scratch, cancellation);
                PlanPage.Write(context.Console, launch, Context.Json(parse));
                return ExitCodes.Ok;
            }
            finally
            {
                if (Directory.Exists(scratch))
                {
                    Directory.Delete(scratch, recursive: true);
                }
            }
        });
        return command;
    }

    private static Command Examples(Context context)
    {
        var name = new Argument<string?>("name") { Description = "Print this example.", DefaultValueFactory = _ => null };
        var command = new Command("examples", "List the built-in examples, or print one (sweeps examples quickstart > grid.yaml).") { name };
        command.SetAction((parse, _) =>
        {
            if (parse.GetValue(name) is not { } asked)
            {
                foreach (var example in SpecExamples.Names)
                {
                    context.Console.MarkupLine($"[bold]{Markup.Escape(example),-16}[/] {Markup.Escape(SpecExamples.Summary(example))}");
                }

                return Task.FromResult(ExitCodes.Ok);
            }

            Console.Out.Write(SpecExamples.Get(asked)
                ?? throw new CliException(NearestName.Of(asked, SpecExamples.Names) is { } nearest ? $"there is no example '{asked}'. Did you mean '{nearest}'?" : $"there is no example '{asked}'", ExitCodes.NotFound, $"there are: {string.Join(", ", SpecExamples.Names)}"));
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }

    private static Command DataCommand(Context context)
    {
        var preset = new Argument<string>("preset")
        {
            Description = $"Which campaigns: {string.Join(", ", CampaignPreset.All.Select(p => p.Name))}.",
            DefaultValueFactory = _ => "V25",
        };
        var output = new Option<string>("--out", "-o") { Description = "Folder for train.csv, validation.csv and test.csv.", DefaultValueFactory = _ => "campaigns", HelpName = "DIR" };
        var seed = new Option<int>("--seed") { Description = "Seed of the rows.", DefaultValueFactory = _ => 1, HelpName = "N" };
        var train = new Option<int>("--train") { Description = "Training rows.", DefaultValueFactory = _ => 3000, HelpName = "N" }.AtLeast(1);
        var validation = new Option<int>("--validation") { Description = "Validation rows.", DefaultValueFactory = _ => 600, HelpName = "N" }.AtLeast(1);
        var test = new Option<int>("--test") { Description = "Test rows.", DefaultValueFactory = _ => 1500, HelpName = "N" }.AtLeast(1);
        var force = new Option<bool>("--force") { Description = "Overwrite files that are there." };
        var generate = new Command("generate", "Write the built-in marketing campaigns as CSV files.") { preset, output, seed, train, validation, test, force };
        generate.SetAction((parse, _) =>
        {
            var folder = Path.GetFullPath(parse.GetValue(output)!);
            string[] files = ["train.csv", "validation.csv", "test.csv"];
            if (!parse.GetValue(force) && Array.Find(files, file => File.Exists(Path.Combine(folder, file))) is { } there)
            {
                throw new CliException($"{Path.Combine(folder, there)} is there already", ExitCodes.BadInput, "name another folder with --out; --force overwrites");
            }

            var campaigns = CampaignGenerator.Generate(
                CampaignPreset.Find(parse.GetValue(preset)!), parse.GetValue(seed), parse.GetValue(train), parse.GetValue(validation), parse.GetValue(test));
            Output.Try(folder, () => campaigns.WriteCsv(folder));
            context.Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"wrote {folder}/train.csv, validation.csv and test.csv ({parse.GetValue(train):N0} / {parse.GetValue(validation):N0} / {parse.GetValue(test):N0} rows)"));
            return Task.FromResult(ExitCodes.Ok);
        });
        return new Command("data", "Make data.") { generate };
    }

    private static Command ModelCommand()
    {
        var name = new Argument<string>("name") { Description = "Which base: tiny-gemma3." };
        var output = new Option<string>("--out", "-o") { Description = "Folder to write.", Required = true, HelpName = "DIR" };
        name.AcceptOnlyFromAmong("tiny-gemma3");
        var seed = new Option<int>("--seed") { Description = "Seed.", DefaultValueFactory = _ => 1, HelpName = "N" };

        // The defaults are the trainer's: what is not said is not passed on.
        var shape = new[] { ("--steps", "Optimiser steps (default 8000)."), ("--hidden", "Width, a multiple of 8 (default 64)."), ("--layers", "Blocks (default 4).") }
            .Select(option => new Option<int?>(option.Item1) { Description = option.Item2, HelpName = "N" })
            .ToList();
        var pretrain = new Command("pretrain", "Pre-train a built-in base model afresh (about ten minutes on one core), or a smaller one of its kind.") { name, output, seed };
        shape.ForEach(pretrain.Options.Add);
        pretrain.SetAction((parse, cancellation) => Context.Trainer().RunAsync(
            [
                "pretrain", parse.GetValue(name)!, "--out", Arguments.NewFolder("--out", parse.GetValue(output)!),
                "--seed", parse.GetValue(seed).ToString(CultureInfo.InvariantCulture),
                .. shape.SelectMany(option => parse.GetValue(option) is { } value ? [option.Name, value.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>()),
            ],
            cancellation));
        return new Command("model", "Make base models.") { pretrain };
    }
}
