using System.CommandLine;
using Spectre.Console;
using Sweeps.Cli.Launching;
using Sweeps.Core.Api;
using Sweeps.Data.Guess;
using Sweeps.Data.Readers;

namespace Sweeps.Cli.Commands;

/// <summary><c>init</c>: from a data file to a commented grid.yaml.</summary>
internal static class InitCommand
{
    public static Command Create(Context context)
    {
        var data = new Argument<string>("data") { Description = "A CSV or JSON Lines file with texts and labels." };
        var output = new Option<string>("--out", "-o") { Description = "File to write.", DefaultValueFactory = _ => "grid.yaml", HelpName = "FILE" };
        var baseModel = new Option<string?>("--base") { Description = "A Hugging Face folder to start from (default: the tiny built-in one when it knows the words, else the smallest supported one in Hugging Face's cache).", HelpName = "DIR" };
        var force = new Option<bool>("--force") { Description = "Overwrite the file." };
        var command = new Command("init", "Look at a data file, guess its text and label columns, and write a commented grid.yaml.") { data, output, baseModel, force };
        command.SetAction((parse, _) =>
        {
            var target = parse.GetValue(output)!;
            if (File.Exists(target) && !parse.GetValue(force))
            {
                throw new CliException($"{target} is there already", ExitCodes.BadInput, "--force overwrites it, --out names another");
            }

            var file = parse.GetValue(data)!;
            var table = DataReader.Read(file);
            var guess = DataGuesser.Guess(table);
            var folder = Path.GetDirectoryName(Path.GetFullPath(target))!;
            var model = parse.GetValue(baseModel) is { } asked
                ? new BaseGuess(Path.GetRelativePath(folder, Path.GetFullPath(asked)), IsEncoder: true, Directory.Exists(asked), "as asked")
                : BaseGuess.Make(table, guess.Template, Context.Trainer());
            File.WriteAllText(target, InitSpec.Write(guess, Path.GetRelativePath(folder, Path.GetFullPath(file)), model));
            context.Console.MarkupLine($"wrote [bold]{Markup.Escape(target)}[/]");
            context.Console.MarkupLine($"check it: sweeps plan {Markup.Escape(target)}   run it: sweeps run {Markup.Escape(target)}");
            if (!model.Found)
            {
                context.Console.MarkupLine($"[yellow]no base model was found:[/] write the path of a Hugging Face folder under base ({Markup.Escape(model.Why)})");
            }

            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }
}
