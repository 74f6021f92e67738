using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;

namespace Sweeps.Web.Views;

/// <summary>Gathers what a model's card tells of where the model comes from.</summary>
internal static class ModelOrigins
{
    private const string BasePrefix = "base/";

    /// <summary>The origin of a trial's checkpoint.</summary>
    public static ModelOrigin Of(
        string version,
        SweepRow sweep,
        TrialView view,
        TrialSummary summary,
        BestTrial best,
        string checkpointSha256,
        IReadOnlyList<AttemptRow> attempts,
        IReadOnlyList<InputRow> inputs)
    {
        var facts = SweepsJson.Read<SweepFacts>(sweep.FactsJson);
        return new ModelOrigin
        {
            Version = version,
            Sweep = sweep.Id,
            Name = sweep.Name,
            Fingerprint = sweep.Fingerprint,
            Trial = view.Trial.Number,
            Trials = sweep.TrialCount,
            Chosen = best.Chosen,
            Point = summary.Point,
            Metric = sweep.ObjectiveMetric,
            Attempts = summary.Attempt,
            Seconds = summary.Seconds,
            TrainableParameters = summary.TrainableParameters,
            TotalParameters = summary.TotalParameters,
            Machine = attempts.OrderBy(attempt => attempt.Number).LastOrDefault(attempt => attempt.Machine is not null)?.Machine,
            CheckpointSha256 = checkpointSha256,
            Validation = best.Validation,
            Test = best.Test,
            Tests = best.Tests,
            Files = [.. inputs.Where(input => !IsBase(input)).Select(input => File(input, input.Role))],
            BaseFiles = [.. inputs.Where(IsBase).Select(input => File(input, "base"))],
            Rows = facts.Rows,
            ClassCounts = facts.ClassCounts,
        };
    }

    private static bool IsBase(InputRow input) => input.Role.StartsWith(BasePrefix, StringComparison.Ordinal);

    private static UploadedFile File(InputRow input, string role) =>
        new(role, IsBase(input) ? input.Role[BasePrefix.Length..] : Path.GetFileName(input.Name), input.Sha256, input.Bytes);
}
