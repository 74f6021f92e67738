using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Tests.Storage;

/// <summary>
/// A tiny sweep that has ended, with a row in every table: what the fixture of each release holds. It never changes once
/// a release has been made; what a later release adds to rows reads back as its default.
/// </summary>
internal static class FinishedSweep
{
    public const string Id = "tiny-0a1b2c3d";

    public static readonly JobId First = JobId.Train(Id, 1);
    public static readonly JobId Second = JobId.Train(Id, 2);
    public static readonly JobId Score = new(Id, JobKind.Evaluate, 1);
    public static readonly JobId Trying = new(Id, JobKind.Preflight, 1);

    public static readonly SweepRow Sweep = Rows.Sweep(Id, SweepState.Completed) with
    {
        Winner = 2,
        FinishedAt = 61_000,
        ActiveSince = null,
        ActiveSeconds = 60,
        PeakMemoryBytes = 300 << 20,
        EstimatedTrainerSeconds = 48.5,
        Reason = "1 of 2 trials failed",
    };

    public static readonly InputRow Input = new()
    {
        Sweep = Id,
        Role = "train",
        Name = "campaigns.csv",
        Sha256 = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
        Bytes = 123_456,
    };

    public static readonly WorkerRow Worker = Rows.Worker("laptop-1a2b") with { Machine = "2.10.0 AVX512 1", Devices = "2 x cpu" };

    public static readonly IReadOnlyList<JobRow> Jobs =
    [
        Rows.Job(Id, 1) with
        {
            State = JobState.Failed, Attempt = 1, Failures = 4, FailureClass = FailureClass.NonFiniteLoss,
            Message = "the loss became NaN at step 3", StartedAt = 2_000, FinishedAt = 9_000, TotalSteps = 40,
        },
        Rows.Job(Id, 2) with
        {
            State = JobState.Completed, Attempt = 2, Sequence = 9, Worker = "laptop-1a2b", Incarnation = 3, Slot = 1, Request = 17,
            StartedAt = 2_000, FinishedAt = 50_000, Seconds = 41.25, TotalSteps = 40, Step = 40, BestValue = 0.9, BestStep = 20,
            FinalSha256 = new string('1', 64), BestSha256 = new string('2', 64), TrainableParameters = 12_000,
            TotalParameters = 1_250_000, StepSeconds = 0.05, PeakMemoryBytes = 280 << 20,
        },
        new() { Id = Score, Trial = 2, State = JobState.Completed, Attempt = 1, FinishedAt = 60_000 },
        new() { Id = Trying, SettingsJson = "{\"epochs\":1}", State = JobState.Completed, Attempt = 1, FinishedAt = 1_900 },
    ];

    public static readonly IReadOnlyList<AttemptRow> Attempts =
    [
        Rows.Attempt(First, 1, FailureClass.NonFiniteLoss), Rows.Attempt(Second, 1) with { Outcome = "lost", EndedAt = 20_000 },
        Rows.Attempt(Second, 2) with { Outcome = "completed", ResumedFrom = 20 },
    ];

    public static readonly IReadOnlyList<CheckpointRow> Checkpoints =
    [
        Rows.Checkpoint(Second, 1, 10, CheckpointStatus.Dropped), Rows.Checkpoint(Second, 1, 20) with { IsBest = true },
        Rows.Checkpoint(Second, 2, 30, CheckpointStatus.Bad), Rows.Checkpoint(Second, 2, 40) with { IsFinal = true },
    ];

    public static readonly IReadOnlyList<EvaluationRow> Evaluations =
    [
        Rows.Evaluation(Second, 20, 0.9), Rows.Evaluation(Second, 40, 0.85, attempt: 2),
    ];

    public static readonly EvaluationRow Superseded = Rows.Evaluation(Second, 40, 0.84);

    public static readonly EvaluationRow Test = Rows.Evaluation(Score, 20, 0.88, split: "test");

    public static readonly DecisionRow Decision = Rows.Decision(Id, 2, 20, "continue");

    public static readonly IReadOnlyList<MetricPointRow> Points =
    [
        new() { Job = Second, Step = 1, Loss = 1.5, LearningRate = 1e-3, GradientNorm = 2 },
        new() { Job = Second, Step = 2, Loss = double.NaN, LearningRate = 9e-4 },
    ];

    public static readonly EventRow Ended = Rows.Event(Id, "Trial 2 is the best", "completed") with { Job = Score, DataJson = "{\"trial\":2}" };

    /// <summary>The commits that make it.</summary>
    public static IReadOnlyList<LedgerCommit> Commits =>
    [
        Rows.Commit([Sweep, Input, Rows.Trial(Id, 1), Rows.Trial(Id, 2), .. Jobs, Worker]),
        Rows.Commit([.. Attempts, .. Checkpoints, .. Points, Superseded, Decision]),
        Rows.Commit([.. Evaluations, Test, Ended]),
    ];
}
