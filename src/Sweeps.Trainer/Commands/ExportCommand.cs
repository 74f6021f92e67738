using System.CommandLine;
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
        var command = new Command("export", "Writes a trained model as a Hugging Face folder (adapters: a PEFT folder).");
        model.AddTo(command);
        command.Options.Add(output);
        command.Options.Add(merge);
        command.SetAction(parse => TrainerCommandLine.Guard(1, () =>
        {
            var folder = Path.GetFullPath(parse.GetValue(output)!);
            if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            {
                Console.Error.WriteLine($"{folder} is not empty: name a new folder");
                return TrainerExit.BadInput;
            }

            foreach (var file in ModelExporter.Export(model.Get(parse), folder, parse.GetValue(merge)))
            {
                Console.WriteLine(file);
            }

            return TrainerExit.Ok;
        }));
        return command;
    }
}
