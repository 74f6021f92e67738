using System.CommandLine;
using System.Globalization;
using Sweeps.Core.Json;
using Sweeps.Trainer.Serving;
using Sweeps.Training.Predict;

namespace Sweeps.Trainer.Commands;

/// <summary><c>predict</c>: tries a trained model on a text.</summary>
internal static class PredictCommand
{
    /// <summary>Labels printed for people, and all that are named; JSON has all.</summary>
    private const int Shown = 5;

    /// <summary>From this share of unknown tokens on, the answer comes with a warning.</summary>
    private const double Unsure = 0.25;

    public static Command Create()
    {
        var model = new ModelOptions();
        var text = new Option<string[]>("--text")
        {
            Description = "The text of the template's only column, or COLUMN=VALUE once for each column.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
            HelpName = "TEXT",
        };
        var variant = new Option<string?>("--variant") { Description = "The decision: one of the trial's variants (default: plain).", HelpName = "NAME" };
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("predict", "Labels a text with a trained model, with the probability of each label.");
        model.AddTo(command);
        command.Options.Add(text);
        command.Options.Add(variant);
        command.Options.Add(json);
        command.SetAction(parse => TrainerCommandLine.Guard(1, () =>
        {
            using var predictor = Predictor.Load(model.Get(parse), parse.GetValue(variant));
            var prediction = predictor.Predict(parse.GetValue(text)!);
            if (prediction.UnknownShare > Unsure)
            {
                Console.Error.WriteLine(prediction.UnknownShare > 0.995
                    ? "note: the model knows none of these words: the label is a guess"
                    : string.Create(CultureInfo.InvariantCulture, $"note: the model does not know {100 * prediction.UnknownShare:0} % of this text: the label may be a guess"));
            }

            if (parse.GetValue(json))
            {
                Console.WriteLine(SweepsJson.Write(prediction));
                return TrainerExit.Ok;
            }

            Console.WriteLine(prediction.Label ?? (prediction.Labels is { Count: > 0 } several ? string.Join(", ", several) : "(no label)"));
            var shown = Math.Max(Shown, prediction.Labels?.Count ?? 0);
            foreach (var (label, probability) in prediction.Probabilities.OrderByDescending(pair => pair.Value).Take(shown))
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {probability,6:0.000}  {label}"));
            }

            return TrainerExit.Ok;
        }));
        return command;
    }
}
