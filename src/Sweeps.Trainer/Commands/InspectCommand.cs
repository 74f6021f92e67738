using System.CommandLine;
using System.Globalization;
using Sweeps.Core.Json;
using Sweeps.Core.Planning;
using Sweeps.Trainer.Serving;
using Sweeps.Training;
using Sweeps.Training.Inspect;

namespace Sweeps.Trainer.Commands;

/// <summary><c>inspect</c>: facts of a base model, and of this machine.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var folder = ModelOptions.BaseOption();
        folder.Required = false;
        var data = new Option<string?>("--data") { Description = "Training file (.csv, .jsonl): adds mean tokens and the share of unknown ones.", HelpName = "FILE" };
        var settings = new Option<string?>("--settings") { Description = "A trial's settings as JSON, for template and form of the data.", HelpName = "FILE" };
        var trials = new Option<string?>("--trials") { Description = "Settings of trials as a JSON list: adds what their prompts come to.", HelpName = "FILE" };
        var validation = new Option<string?>("--validation") { Description = "Validation file, where the rows are not a share of the training file.", HelpName = "FILE" };
        var machine = new Option<bool>("--machine") { Description = "Print LibTorch, CPU capability and threads." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("inspect", "Tells what a base model is and how it reads the data.") { folder, data, settings, trials, validation, machine, json };
        command.SetAction(parse => TrainerCommandLine.Guard(1, () =>
        {
            if (parse.GetValue(machine))
            {
                Console.WriteLine($"LibTorch {MachineFacts.Describe()} (version, CPU capability, threads)");
                return TrainerExit.Ok;
            }

            if (parse.GetValue(folder) is not { } name || parse.GetValue(data) is null != parse.GetValue(settings) is null)
            {
                Console.Error.WriteLine("inspect needs --base DIR (and --data together with --settings), or --machine");
                return TrainerExit.BadInput;
            }

            var facts = BaseInspector.Inspect(
                ModelOptions.Folder(name),
                parse.GetValue(settings) is { } file ? ModelOptions.Read(file) : null,
                parse.GetValue(data),
                parse.GetValue(trials) is { } list ? ModelOptions.ReadList(list) : null,
                parse.GetValue(validation));
            if (parse.GetValue(json))
            {
                Console.WriteLine(SweepsJson.Write(facts));
                return TrainerExit.Ok;
            }

            Console.WriteLine(Words(facts));
            foreach (var text in facts.Texts?.Where(text => text.Problem is not null) ?? [])
            {
                Console.Error.WriteLine($"{text.Setting}: {text.Problem}. {text.Fix}.");
            }

            return facts.Texts?.Any(text => text.Problem is not null) == true ? TrainerExit.BadInput : TrainerExit.Ok;
        }));
        return command;
    }

    private static string Words(ModelFacts facts)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{facts.Family}: {facts.Parameters:N0} parameters ({facts.EmbeddingParameters:N0} in embeddings), {facts.Layers} layers, width {facts.HiddenSize}, at most {facts.MaxPositions} tokens, {(facts.IsDecoder ? "decoder" : "encoder")}");
        return facts.MeanTokens is { } mean
            ? string.Create(CultureInfo.InvariantCulture, $"{text}; {mean:0.0} tokens an example, {100 * facts.UnknownShare:0.0} % unknown")
            : text;
    }
}
