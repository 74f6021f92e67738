using System.CommandLine;
using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Trainer.Serving;
using Sweeps.Training.Export;

namespace Sweeps.Trainer.Commands;

/// <summary><c>export</c>: writes a trained model as a Hugging Face or PEFT folder.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var model = new ModelOptions();
        var output = new Option<string>("--out", "-o") { Description = "Folder to write; new or empty.", Required = true, HelpName = "DIR" };
        var merge = new Option<bool>("--merge") { Description = "Fold an adapter into the weights and write the whole model." };
        var withBase = new Option<bool>("--with-base") { Description = "Adapters: copy the base model into DIR/base, so that the export stands alone." };
        var origin = new Option<string?>("--origin") { Description = "What the model card tells of where the model comes from, as JSON.", HelpName = "FILE" };
        var command = new Command("export", "Writes a trained model as a Hugging Face folder (adapters: a PEFT folder).");
        model.AddTo(command);
        command.Options.Add(output);
        command.Options.Add(merge);
        command.Options.Add(withBase);
        command.Options.Add(origin);
        command.SetAction(parse => TrainerCommandLine.Guard(1, () =>
        {
            var folder = Path.GetFullPath(parse.GetValue(output)!);
            if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            {
                Console.Error.WriteLine($"{folder} is not empty: name a new folder");
                return TrainerExit.BadInput;
            }

            var options = new ExportOptions
            {
                Merge = parse.GetValue(merge),
                WithBase = parse.GetValue(withBase),
                Origin = parse.GetValue(origin) is { } file ? ReadOrigin(file) : null,
            };
            foreach (var written in ModelExporter.Export(model.Get(parse), folder, options))
            {
                Console.WriteLine(written);
            }

            return TrainerExit.Ok;
        }));
        return command;
    }

    /// <exception cref="InvalidDataException">The file is missing, or holds something else.</exception>
    private static ModelOrigin ReadOrigin(string file)
    {
        try
        {
            return SweepsJson.Read<ModelOrigin>(File.ReadAllText(file));
        }
        catch (System.Text.Json.JsonException error)
        {
            throw new InvalidDataException($"{file} does not hold a model's origin: {error.Message}", error);
        }
        catch (FileNotFoundException error)
        {
            throw new InvalidDataException($"there is no file {file}", error);
        }
    }
}
