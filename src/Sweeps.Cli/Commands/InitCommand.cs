using System.CommandLine;
using Spectre.Console;
using Sweeps.Cli.Launching;
using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Data.Guess;
using Sweeps.Data.Readers;

namespace Sweeps.Cli.Commands;

/// <summary><c>init</c>: from a data file to a commented grid.yaml.</summary>
internal static class InitCommand
{
    public static Command Create(Context context)
    {
        var data = new Argument<string>("data") { Description = "A CSV or JSON Lines file with texts and labels." };
        var output = new Option<string>("--out", "-o") { Description = "File to write; - prints it instead.", DefaultValueFactory = _ => "grid.yaml", HelpName = "FILE" };
        var baseModel = new Option<string?>("--base") { Description = "A Hugging Face folder to start from (default: the tiny built-in one when it knows the words, else the smallest supported one in Hugging Face's cache).", HelpName = "DIR" };
        var label = new Option<string?>("--label") { Description = "The column of the label (default: guessed).", HelpName = "COLUMN" };
        var texts = new Option<string[]>("--text") { Description = "A column of the text; several: give it again (default: guessed).", HelpName = "COLUMN" };
        var delimiter = new Option<string?>("--delimiter") { Description = "What separates the columns of a CSV (default: guessed of comma, semicolon and tab).", HelpName = "CHARACTER" };
        delimiter.Validators.Add(result =>
        {
            if (result.Tokens is [var one] && one.Value is not { Length: 1 } and not "\\t")
            {
                result.AddError($"--delimiter is one character; found '{one.Value}'");
            }
        });
        var force = new Option<bool>("--force") { Description = "Overwrite the file." };
        var command = new Command("init", "Look at a data file, guess its text and label columns, and write a commented grid.yaml.") { data, label, texts, delimiter, output, baseModel, force };
        command.SetAction((parse, _) =>
        {
            var target = parse.GetValue(output)!;
            var prints = target == "-";
            if (!prints && File.Exists(target) && !parse.GetValue(force))
            {
                throw new CliException($"{target} is there already", ExitCodes.BadInput, "--force overwrites it, --out names another");
            }

            var asked = parse.GetValue(baseModel) is { } named ? BaseGuess.Asked(named) : null;
            var file = parse.GetValue(data)!;
            var separator = parse.GetValue(delimiter) switch { null => (char?)null, "\\t" => '\t', var one => one[0] };
            var table = DataReader.Read(file, ReadOptions.Default with { Delimiter = separator });
            var guess = DataGuesser.Guess(table, parse.GetValue(label), parse.GetValue(texts));
            var folder = prints ? Directory.GetCurrentDirectory() : Path.GetDirectoryName(Path.GetFullPath(target))!;
            var model = asked ?? BaseGuess.Make(table, guess.Template, Context.Trainer());
            if (model.Base is { } found && Path.IsPathRooted(found) && parse.GetValue(baseModel) is not null)
            {
                model = model with { Base = Path.GetRelativePath(folder, found) };
            }

            var yaml = InitSpec.Write(guess, Path.GetRelativePath(folder, Path.GetFullPath(file)), separator, model);
            if (prints)
            {
                Console.Out.Write(yaml);
                return Task.FromResult(ExitCodes.Ok);
            }

            Output.Write(target, yaml);
            if (Context.Json(parse))
            {
                Console.Out.WriteLine(SweepsJson.Write(new { Wrote = Path.GetFullPath(target), Label = guess.LabelColumn, Text = guess.TextColumns, Base = model.Base, BaseFound = model.Found }));
                return Task.FromResult(ExitCodes.Ok);
            }

            context.Console.MarkupLine($"wrote [bold]{Markup.Escape(target)}[/]");
            context.Console.MarkupLine($"check it: sweeps plan {Markup.Escape(target)}   run it: sweeps run {Markup.Escape(target)}");
            if (!model.Found)
            {
                context.Console.MarkupLine($"[yellow]no base model was found:[/] {Markup.Escape(model.Why)}. Write the path of a Hugging Face folder (config.json, tokeniser files, model.safetensors) under base in {Markup.Escape(target)}, or give it to init with --base DIR");
            }

            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }
}
