using System.Diagnostics;
using System.Globalization;
using Sweeps.Core.Trainer;
using Sweeps.Data;

namespace Sweeps.Training.Evaluation;

/// <summary>Scores a trained model on a labelled file of the user's, with each of the trial's decisions.</summary>
public static class FileScorer
{
    /// <summary>Scores every row of a file; the trial's <c>max_rows</c> does not limit it.</summary>
    /// <param name="trained">The model.</param>
    /// <param name="file">CSV or JSON Lines with the template's columns and the label's.</param>
    /// <param name="progress">Told the batches done and those in all, before each.</param>
    /// <exception cref="DataException">The file cannot be used.</exception>
    /// <exception cref="TrainingException">Settings and base do not fit.</exception>
    /// <exception cref="InvalidDataException">The weights are not this trial's.</exception>
    public static FileScores Score(TrainedModel trained, string file, Action<int, int> progress)
    {
        ArgumentNullException.ThrowIfNull(trained);
        ArgumentNullException.ThrowIfNull(progress);
        var settings = trained.Settings with { Data = trained.Settings.Data with { MaxRows = 0 } };
        var state = trained.State();
        var (model, encoding) = (trained with { Settings = settings }).Load();
        using (model)
        {
            var split = encoding.Encode(encoding.Check(encoding.Read(file), Path.GetFileName(file)), static () => { });
            var started = Stopwatch.GetTimestamp();
            var verdict = TrialDecider.Evaluator(model, settings, encoding, state?.Variants ?? VariantFacts.None)
                .Score(split, "test", state?.Step ?? 0, (done, batches) =>
                {
                    progress(done, batches);
                    return true;
                })!;
            var names = encoding.Labels.Names;
            return new FileScores(
                verdict.Evaluations,
                [.. verdict.Predicted.Select(rows => rows.Select(row => string.Join(encoding.Labels.Separator, row.Select(label => names[label]))).ToArray())],
                Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
    }

    /// <summary>Predictions as a CSV file: a column <c>prediction</c>, one row a row of the scored file (an external arm's file).</summary>
    public static string ToCsv(IEnumerable<string> predictions) =>
        string.Create(CultureInfo.InvariantCulture, $"prediction\n{string.Concat(predictions.Select(label => Quote(label) + "\n"))}");

    private static string Quote(string text) =>
        text.AsSpan().IndexOfAny("\",\r\n") < 0 && text.Length > 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>What came of a file.</summary>
/// <param name="Evaluations">The plain decision's metrics first, then those of each variant.</param>
/// <param name="Predictions">
/// Label of each row by each of them, in the same order, as a cell of the label's column has it; empty where none was named.
/// </param>
/// <param name="Seconds">How long it took, without loading.</param>
public sealed record FileScores(
    IReadOnlyList<OfferedEvaluation> Evaluations, IReadOnlyList<IReadOnlyList<string>> Predictions, double Seconds);
