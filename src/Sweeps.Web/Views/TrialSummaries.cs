using System.Text.Json;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Api;
using Sweeps.Core.Ledger;
using Sweeps.Core.Spec;

namespace Sweeps.Web.Views;

/// <summary>Makes a leaderboard's lines of rows.</summary>
internal static class TrialSummaries
{
    /// <summary>A line; the live progress counts only while it is the current attempt's.</summary>
    public static TrialSummary Of(
        TrialView view, Objective objective, IReadOnlyDictionary<string, string> point, LiveTrial? live)
    {
        var job = view.Job;
        var current = live is not null && live.Attempt == job.Attempt ? live : null;
        return new TrialSummary
        {
            Trial = view.Trial.Number,
            Point = point,
            State = job.State,
            Attempt = job.Attempt,
            Best = Scores(Best(view, objective)),
            Decisions = [.. view.Decisions.Select(row => Scores(row)!)],
            Step = job.Step,
            TotalSteps = job.TotalSteps > 0 ? job.TotalSteps : current?.Progress?.TotalSteps ?? 0,
            Seconds = job.Seconds,
            TrainableParameters = job.TrainableParameters ?? current?.Progress?.TrainableParameters,
            TotalParameters = job.TotalParameters ?? current?.Progress?.TotalParameters,
            FailureClass = job.FailureClass,
            Message = job.Message,
            FinalSha256 = job.FinalSha256,
            Progress = current?.Progress,
            Slot = current?.Slot,
        };
    }

    /// <summary>The evaluation of the trial's best decision at its best step; null before the first.</summary>
    public static EvaluationRow? Best(TrialView view, Objective objective) =>
        objective.Best(view.Decisions, row => row.Variant, objective.Of);

    /// <summary>The scores of an evaluation; null for none.</summary>
    public static Scores? Scores(EvaluationRow? row)
    {
        if (row is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(row.MetricsJson);
        return new Scores(row.Step, row.Loss, row.Accuracy, row.MacroF1, F1(document))
        {
            Variant = row.Variant,
            MicroF1 = document.RootElement.TryGetProperty("micro_f1", out var micro) && micro.ValueKind == JsonValueKind.Number ? micro.GetDouble() : null,
        };
    }

    private static Dictionary<string, double>? F1(JsonDocument document)
    {
        if (!document.RootElement.TryGetProperty("f1", out var labels) || labels.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        return labels.EnumerateObject()
            .Where(p => p.Value.ValueKind == JsonValueKind.Number)
            .ToDictionary(p => p.Name, p => p.Value.GetDouble(), StringComparer.Ordinal);
    }
}
