using Sweeps.Core.Homes;
using Sweeps.Core.Ids;
using Sweeps.Core.Trainer;

namespace Sweeps.Tests.Grains.Support;

/// <summary>Offers as trainers make them.</summary>
internal static class Offers
{
    /// <summary>A checkpoint with its validation score; no score: without an evaluation.</summary>
    public static OfferFrame Checkpoint(JobId job, int attempt, int step, double? score = null, bool final = false) => new()
    {
        Job = job,
        Attempt = attempt,
        Offer = step,
        Checkpoint = new OfferedCheckpoint(
            step,
            $"{SweepsHome.AttemptDirectory(job, attempt)}/step-{step}",
            $"manifest-{step}",
            100,
            HasState: true,
            IsBest: false,
            IsFinal: final,
            WeightsSha256: $"weights-{step}",
            WriteSeconds: 0.01,
            StandstillSeconds: 0.001),
        Evaluations = score is { } s ? [Evaluation(step, "validation", s)] : [],
        Points = [new OfferedPoint(step, 1.0 / step, 1e-3, null)],
        Seconds = 1,
        TotalSteps = 100,
        TrainableParameters = 10,
        TotalParameters = 20,
        StepSeconds = 0.1,
    };

    public static OfferFrame Final(JobId job, int attempt, int step, double score) =>
        Checkpoint(job, attempt, step, score, final: true);

    public static OfferedEvaluation Evaluation(int step, string split, double score) => new(
        step, split, "plain", 1 - score, score, score, new Dictionary<string, double> { ["a"] = score, ["b"] = score }, 8);
}
