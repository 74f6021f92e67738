using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;

namespace Sweeps.Core.Api;

/// <summary><c>GET /api/v1/status</c>: who answers.</summary>
/// <param name="Version">Version of the product.</param>
/// <param name="Build">Build hash of silo and trainer; the CLI compares it with its own.</param>
/// <param name="Home">The home it holds.</param>
/// <param name="ProcessId">Process id.</param>
/// <param name="Stays">Whether it stays after its last sweep.</param>
/// <param name="Unfinished">Ids of unfinished sweeps.</param>
/// <param name="Slots">Slots of all workers.</param>
/// <param name="Machine">LibTorch, CPU capability, threads.</param>
public sealed record SiloStatus(
    string Version,
    string Build,
    string Home,
    int ProcessId,
    bool Stays,
    IReadOnlyList<string> Unfinished,
    int Slots,
    string? Machine);

/// <summary>
/// <c>POST /api/v1/sweeps</c>: launch. Data files are uploaded before with <c>PUT /api/v1/objects/SHA256</c>. Answers 201
/// (launched), 200 (this client id had launched it) or 400 with an <see cref="ApiError"/>.
/// </summary>
public sealed record LaunchBody
{
    /// <summary>Made by the client, one a launch.</summary>
    public required string ClientId { get; init; }

    /// <summary>The spec as the user wrote it.</summary>
    public required string SpecYaml { get; init; }

    /// <summary>File name of the spec, for messages.</summary>
    public string SpecName { get; init; } = "spec.yaml";

    /// <summary>Base model: <c>builtin:NAME</c> or an absolute path (the spec's own may be relative to its file).</summary>
    public required string Base { get; init; }

    /// <summary>Folder of the spec, absolute: <see cref="Base"/> may lie under it besides the silo's own roots; null: no such folder.</summary>
    public string? SpecFolder { get; init; }

    /// <summary>Uploaded data files by role.</summary>
    public required IReadOnlyList<UploadedFile> Files { get; init; }

    /// <summary>What the client found in the data.</summary>
    public required DataFacts Data { get; init; }

    /// <summary>What <c>inspect</c> found in the base model; null when it was not asked.</summary>
    public ModelFacts? Model { get; init; }
}

/// <summary>An uploaded data file.</summary>
/// <param name="Role"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
/// <param name="Name">Its name at the user's.</param>
/// <param name="Sha256">Its hash.</param>
/// <param name="Bytes">Its size.</param>
public sealed record UploadedFile(string Role, string Name, string Sha256, long Bytes);

/// <summary>The answer to a launch.</summary>
public sealed record LaunchReply(string Sweep, bool Fresh, int Trials);

/// <summary>Any refusal: what is wrong, and the fix.</summary>
/// <param name="Error">One line.</param>
/// <param name="Details">More lines, e.g. one for each error of a spec.</param>
public sealed record ApiError(string Error, IReadOnlyList<string>? Details = null);

/// <summary>A sweep in a list.</summary>
public sealed record SweepSummary
{
    /// <summary>Id.</summary>
    public required string Sweep { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>State.</summary>
    public required SweepState State { get; init; }

    /// <summary>Wish.</summary>
    public required Wanted Wanted { get; init; }

    /// <summary>Why it is in its state.</summary>
    public string? Reason { get; init; }

    /// <summary>Trials in all.</summary>
    public required int Trials { get; init; }

    /// <summary>Trials by state.</summary>
    public IReadOnlyDictionary<JobState, int> Counts { get; init; } = new Dictionary<JobState, int>();

    /// <summary>Launched at, Unix milliseconds.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>Ended at.</summary>
    public long? FinishedAt { get; init; }

    /// <summary>Wall seconds while not paused, so far.</summary>
    public double ActiveSeconds { get; init; }

    /// <summary>Estimate of the wall seconds left.</summary>
    public double? SecondsLeft { get; init; }

    /// <summary>Objective's metric.</summary>
    public required string Metric { get; init; }

    /// <summary>Whether more is better.</summary>
    public required bool Maximize { get; init; }

    /// <summary>Hash of spec, inputs and base.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The winner (or the leader so far); null before the first evaluation.</summary>
    public BestTrial? Best { get; init; }
}

/// <summary>The best trial.</summary>
/// <param name="Trial">Number.</param>
/// <param name="Chosen">Whether it is the winner for good.</param>
/// <param name="Validation">Its best validation scores; their decision is the one that was chosen with it.</param>
/// <param name="Test">Test scores of that decision; null before the scoring, or without a test split.</param>
public sealed record BestTrial(int Trial, bool Chosen, Scores? Validation, Scores? Test)
{
    /// <summary>Test scores of every decision, the plain one first; empty where <see cref="Test"/> is null.</summary>
    public IReadOnlyList<Scores> Tests { get; init; } = [];
}

/// <summary>Scores of one evaluation.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Loss">Mean loss.</param>
/// <param name="Accuracy">Accuracy.</param>
/// <param name="MacroF1">Macro F1.</param>
/// <param name="F1">F1 by label, in label order.</param>
public sealed record Scores(int Step, double? Loss, double? Accuracy, double? MacroF1, IReadOnlyDictionary<string, double>? F1)
{
    /// <summary>Which decision they are of: the plain one, or a variant of the spec.</summary>
    public string Variant { get; init; } = Spec.VariantSettings.Plain;

    /// <summary>Micro F1 where rows have any number of labels; else null, as it is the accuracy.</summary>
    public double? MicroF1 { get; init; }
}

/// <summary>A trial in a leaderboard.</summary>
public sealed record TrialSummary
{
    /// <summary>Number.</summary>
    public required int Trial { get; init; }

    /// <summary>Swept values by axis, as text.</summary>
    public required IReadOnlyDictionary<string, string> Point { get; init; }

    /// <summary>State.</summary>
    public required JobState State { get; init; }

    /// <summary>Attempts so far.</summary>
    public int Attempt { get; init; }

    /// <summary>Best validation scores: those of its best decision at its best step.</summary>
    public Scores? Best { get; init; }

    /// <summary>Validation scores of every decision at that step, the plain one first.</summary>
    public IReadOnlyList<Scores> Decisions { get; init; } = [];

    /// <summary>Committed steps.</summary>
    public int Step { get; init; }

    /// <summary>Steps in all.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Training seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>Parameters that are trained.</summary>
    public long? TrainableParameters { get; init; }

    /// <summary>Parameters in all.</summary>
    public long? TotalParameters { get; init; }

    /// <summary>Class of the last failure.</summary>
    public FailureClass? FailureClass { get; init; }

    /// <summary>Message of the last failure or end.</summary>
    public string? Message { get; init; }

    /// <summary>SHA-256 of the final weights.</summary>
    public string? FinalSha256 { get; init; }

    /// <summary>Live progress while it runs.</summary>
    public ProgressFrame? Progress { get; init; }

    /// <summary>Worker and slot while it runs.</summary>
    public string? Slot { get; init; }
}

/// <summary><c>GET /api/v1/sweeps/ID</c>, and the <c>snapshot</c> of its stream.</summary>
/// <param name="Summary">The sweep.</param>
/// <param name="Trials">Its trials by number.</param>
/// <param name="Axes">Names of the swept axes in order.</param>
/// <param name="Labels">Labels in order.</param>
/// <param name="Preflight">Preflight and evaluation jobs, for people: what runs beside the trials.</param>
public sealed record SweepDetail(
    SweepSummary Summary,
    IReadOnlyList<TrialSummary> Trials,
    IReadOnlyList<string> Axes,
    IReadOnlyList<string> Labels,
    IReadOnlyList<JobSummary> Preflight)
{
    /// <summary>Results that were made elsewhere, shown beside the trials.</summary>
    public IReadOnlyList<Spec.ExternalResult> External { get; init; } = [];
}

/// <summary>A preflight or evaluation job.</summary>
public sealed record JobSummary(JobId Job, JobState State, int Attempt, string? Message)
{
    /// <summary>Live progress while it runs.</summary>
    public ProgressFrame? Progress { get; init; }
}

/// <summary><c>GET /api/v1/sweeps/ID/trials/N</c>.</summary>
public sealed record TrialDetail(
    TrialSummary Trial,
    string SettingsJson,
    IReadOnlyList<EvaluationRow> Evaluations,
    IReadOnlyList<AttemptRow> Attempts,
    IReadOnlyList<MetricPointRow> Points,
    IReadOnlyList<EventRow> Events);

/// <summary><c>POST .../wish</c>: what is wanted.</summary>
public sealed record WishBody(Wanted Wanted);

/// <summary><c>POST .../retry</c>: which trials; null: all failed and cancelled ones.</summary>
public sealed record RetryBody(IReadOnlyList<int>? Trials = null);

/// <summary>The answer to a wish.</summary>
public sealed record WishReply(bool Done, string Message);

/// <summary>
/// <c>GET /api/v1/sweeps/ID/best</c>: the winner's checkpoint on disk, what is needed to export or to try it.
/// </summary>
/// <param name="Trial">Its summary.</param>
/// <param name="SettingsJson">Its settings.</param>
/// <param name="Base">Absolute folder of the base model.</param>
/// <param name="Checkpoint">Absolute folder of its best weights.</param>
/// <param name="CheckpointSha256">Hash of that checkpoint's manifest.</param>
/// <param name="Best">Scores.</param>
public sealed record BestReply(
    TrialSummary Trial,
    string SettingsJson,
    string Base,
    string Checkpoint,
    string CheckpointSha256,
    BestTrial Best)
{
    /// <summary>What its model card tells; null from a silo of an earlier version.</summary>
    public ModelOrigin? Origin { get; init; }
}

/// <summary><c>POST /api/v1/shutdown</c>: end the silo.</summary>
/// <param name="Grace">Seconds for the drain; null: the silo's own setting.</param>
public sealed record ShutdownBody(double? Grace = null);
