using System.CommandLine;
using System.Globalization;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Sweeps.Trainer.Serving;
using Sweeps.Training.Evaluation;

namespace Sweeps.Trainer.Commands;

/// <summary><c>evaluate</c>: scores a trained model on a labelled file.</summary>
internal static class EvaluateCommand
{
    /// <summary>With more labels than this, only those with the lowest F1 are printed.</summary>
    private const int ShownLabels = 10;

    public static Command Create()
    {
        var model = new ModelOptions();
        var data = new Option<string>("--data")
        {
            Description = "CSV or JSON Lines with the template's columns and the label's.",
            Required = true,
            HelpName = "FILE",
        };
        var predictions = new Option<string?>("--predictions") { Description = "Write the labels there, one row a row of the file.", HelpName = "CSV" };
        var variant = new Option<string?>("--variant") { Description = "Whose labels are written, and whose F1 of each label is shown (default: the plain decision's).", HelpName = "NAME" };
        var threads = TrainerCommandLine.Threads();
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("evaluate", "Scores a trained model on a labelled file: accuracy, macro F1, loss, F1 of each label.");
        model.AddTo(command);
        foreach (var option in new Option[] { data, predictions, variant, threads, json })
        {
            command.Options.Add(option);
        }

        command.SetAction(parse => TrainerCommandLine.Guard(parse.GetValue(threads), () =>
        {
            var trained = model.Get(parse);
            var wanted = trained.Variant(parse.GetValue(variant))?.Name ?? VariantSettings.Plain;
            var output = parse.GetValue(predictions);
            if (File.Exists(output))
            {
                throw new InvalidDataException($"--predictions: {output} is there already: name a new file");
            }

            var scores = FileScorer.Score(trained, Path.GetFullPath(parse.GetValue(data)!), Progress);
            if (output is not null)
            {
                var index = scores.Evaluations.ToList().FindIndex(evaluation => evaluation.Variant == wanted);
                File.WriteAllText(output, FileScorer.ToCsv(scores.Predictions[index]));
            }

            Console.WriteLine(parse.GetValue(json)
                ? SweepsJson.Write(new { scores.Evaluations[0].Rows, scores.Seconds, scores.Evaluations })
                : Text(scores, wanted));
            return TrainerExit.Ok;
        }));
        return command;
    }

    /// <summary>A line that is written over, where somebody looks.</summary>
    private static void Progress(int done, int batches)
    {
        if (!Console.IsErrorRedirected)
        {
            Console.Error.Write(done + 1 < batches
                ? string.Create(CultureInfo.InvariantCulture, $"\rscored {100 * done / batches} %")
                : "\r            \r");
        }
    }

    private static string Text(FileScores scores, string decided)
    {
        var rows = scores.Evaluations[0].Rows;
        var width = Math.Max(8, scores.Evaluations.Max(evaluation => evaluation.Variant.Length));
        var micro = scores.Evaluations[0].MicroF1 is null ? "" : "  micro F1";
        List<string> lines = [$"{"decision".PadRight(width)}  accuracy  macro F1{micro}    loss"];
        lines.AddRange(scores.Evaluations.Select(e => string.Create(
            CultureInfo.InvariantCulture,
            $"{e.Variant.PadRight(width)}  {e.Accuracy,8:0.0000}  {e.MacroF1,8:0.0000}{Micro(e)}  {e.Loss,6:0.0000}")));
        lines.AddRange(Labels(scores.Evaluations.First(e => e.Variant == decided)));
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows in {scores.Seconds:0.0} s"));
        return string.Join('\n', lines);
    }

    /// <summary>A column of its own where rows have any number of labels; elsewhere it is the accuracy.</summary>
    private static string Micro(OfferedEvaluation evaluation) =>
        evaluation.MicroF1 is { } micro ? string.Create(CultureInfo.InvariantCulture, $"  {micro,8:0.0000}") : "";

    private static IEnumerable<string> Labels(OfferedEvaluation evaluation)
    {
        var lowest = evaluation.F1.Count > ShownLabels;
        var shown = lowest ? evaluation.F1.OrderBy(pair => pair.Value).Take(ShownLabels) : evaluation.F1;
        yield return lowest ? $"F1 with the decision {evaluation.Variant}, the {ShownLabels} lowest of {evaluation.F1.Count} labels:" : $"F1 with the decision {evaluation.Variant}:";
        foreach (var (label, f1) in shown)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"  {f1:0.0000}  {label}");
        }
    }
}
