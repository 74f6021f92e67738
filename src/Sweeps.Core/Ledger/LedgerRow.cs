using Sweeps.Core.Ids;
using Sweeps.Core.States;

namespace Sweeps.Core.Ledger;

/// <summary>
/// A row of the ledger. Times are Unix milliseconds (UTC); durations are seconds; absent numbers are null. Every row
/// that a commit writes gets that commit's change number.
/// </summary>
public abstract record LedgerRow
{
    /// <summary>The change number of the commit that last wrote the row; set by the ledger.</summary>
    public long Change { get; init; }
}

/// <summary>
/// A row with a version. In a commit, <see cref="Version"/> is the version that the writer has read (0: the row must
/// not exist yet); the ledger refuses the whole commit when it differs, and stores the next one.
/// </summary>
public abstract record VersionedRow : LedgerRow
{
    /// <summary>Version read (in a commit) or held (in an answer). The first one is 1.</summary>
    public long Version { get; init; }
}

/// <summary>A sweep. Key: <see cref="Id"/>.</summary>
public sealed record SweepRow : VersionedRow
{
    /// <summary>Id, see <see cref="SweepIds"/>.</summary>
    public required string Id { get; init; }

    /// <summary>The launch id that the client made; unique.</summary>
    public required string ClientId { get; init; }

    /// <summary>Name in the spec.</summary>
    public required string Name { get; init; }

    /// <summary>The spec as the user wrote it.</summary>
    public required string SpecYaml { get; init; }

    /// <summary>SHA-256 of spec, inputs and base model: an unfinished identical one is offered to attach to.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The plan's facts as JSON (<see cref="Planning.SweepFacts"/>).</summary>
    public required string FactsJson { get; init; }

    /// <summary>What it is.</summary>
    public required SweepState State { get; init; }

    /// <summary>What is wanted of it.</summary>
    public Wanted Wanted { get; init; }

    /// <summary>Why it is in its state, for people; null when there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>Trials in all.</summary>
    public required int TrialCount { get; init; }

    /// <summary>Number of the chosen trial; null before the choice.</summary>
    public int? Winner { get; init; }

    /// <summary>Metric of the objective, e.g. <c>macro_f1</c>.</summary>
    public required string ObjectiveMetric { get; init; }

    /// <summary>Whether more is better.</summary>
    public required bool Maximize { get; init; }

    /// <summary>Launched at.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>Ended at; null while unfinished.</summary>
    public long? FinishedAt { get; init; }

    /// <summary>Wall seconds while not paused, up to <see cref="ActiveSince"/>; what <c>max_time</c> counts.</summary>
    public double ActiveSeconds { get; init; }

    /// <summary>Since when it runs unpaused; null while paused or ended.</summary>
    public long? ActiveSince { get; init; }

    /// <summary>Peak memory of a trainer as the preflight measured it, bytes; 0 before.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>Estimate of the whole sweep's trainer-seconds, calibrated by the preflight; null before.</summary>
    public double? EstimatedTrainerSeconds { get; init; }

    /// <summary>Whether a person removed it from the lists (<c>sweeps rm</c>); its files go with the janitor.</summary>
    public bool Removed { get; init; }
}

/// <summary>An input pinned at launch. Key: (sweep, role).</summary>
public sealed record InputRow : LedgerRow
{
    /// <summary>Sweep.</summary>
    public required string Sweep { get; init; }

    /// <summary><c>train</c>, <c>validation</c>, <c>test</c>, or <c>base/FILE</c> for a file of the base model.</summary>
    public required string Role { get; init; }

    /// <summary>The name it had (a path for a base model's file, which stays where it is).</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256, lower-case hex. Data lie in the object store under it.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Size in bytes.</summary>
    public required long Bytes { get; init; }
}

/// <summary>A point of the search space. Key: (sweep, number). Its state is its train job's.</summary>
public sealed record TrialRow : LedgerRow
{
    /// <summary>Sweep.</summary>
    public required string Sweep { get; init; }

    /// <summary>Number, from 1, in the planner's order.</summary>
    public required int Number { get; init; }

    /// <summary>The swept axes' values as a JSON object, in the spec's order (axes that do not apply are absent).</summary>
    public required string PointJson { get; init; }

    /// <summary>All settings of the trial as JSON (<see cref="Spec.TrialSettings"/>).</summary>
    public required string SettingsJson { get; init; }
}

/// <summary>The unit that is leased. Key: (sweep, kind, number).</summary>
public sealed record JobRow : VersionedRow
{
    /// <summary>Id.</summary>
    public required JobId Id { get; init; }

    /// <summary>The trial it works on: its own for a train job, the chosen one for an evaluation, null for a preflight.</summary>
    public int? Trial { get; init; }

    /// <summary>A preflight's settings as JSON (<see cref="Spec.TrialSettings"/>); null for the others, whose trial has them.</summary>
    public string? SettingsJson { get; init; }

    /// <summary>What it is.</summary>
    public required JobState State { get; init; }

    /// <summary>What is wanted of this trial alone; the sweep's wish may be stronger.</summary>
    public Wanted Wanted { get; init; }

    /// <summary>The last attempt granted; 0: none yet.</summary>
    public int Attempt { get; init; }

    /// <summary>The last report's sequence accepted from that attempt; 0: none yet.</summary>
    public long Sequence { get; init; }

    /// <summary>Failures since the last later checkpoint: what <c>retries</c> bounds.</summary>
    public int Failures { get; init; }

    /// <summary>Silo deaths in a row without progress.</summary>
    public int SiloDeaths { get; init; }

    /// <summary>Not leased before this time; 0: at once.</summary>
    public long NotBefore { get; init; }

    /// <summary>Whether it goes to the front of the queue (the first retry after a crash).</summary>
    public bool Front { get; init; }

    /// <summary>The worker that held it last; it is preferred for the next attempt.</summary>
    public string? Worker { get; init; }

    /// <summary>Incarnation of that worker.</summary>
    public long Incarnation { get; init; }

    /// <summary>Slot of that worker.</summary>
    public int? Slot { get; init; }

    /// <summary>The lease request's number that was granted last, with worker, incarnation and slot: asked again, same grant.</summary>
    public long Request { get; init; }

    /// <summary>Class of the last failure.</summary>
    public FailureClass? FailureClass { get; init; }

    /// <summary>Message of the last failure or the reason of the end, for people.</summary>
    public string? Message { get; init; }

    /// <summary>First lease at; null before.</summary>
    public long? StartedAt { get; init; }

    /// <summary>Ended at; null while unfinished.</summary>
    public long? FinishedAt { get; init; }

    /// <summary>Training seconds, added up over the committed checkpoints of all attempts.</summary>
    public double Seconds { get; init; }

    /// <summary>Optimiser steps of the whole job; 0 before the trainer knows.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Step of the last committed checkpoint.</summary>
    public int Step { get; init; }

    /// <summary>Best objective value on validation; null before the first evaluation.</summary>
    public double? BestValue { get; init; }

    /// <summary>Its step.</summary>
    public int? BestStep { get; init; }

    /// <summary>SHA-256 of the weights at the end.</summary>
    public string? FinalSha256 { get; init; }

    /// <summary>SHA-256 of the best weights.</summary>
    public string? BestSha256 { get; init; }

    /// <summary>Trainable parameters; null before the trainer knows.</summary>
    public long? TrainableParameters { get; init; }

    /// <summary>Parameters in all.</summary>
    public long? TotalParameters { get; init; }

    /// <summary>Measured seconds a step (preflight and train).</summary>
    public double? StepSeconds { get; init; }

    /// <summary>Measured peak memory of the trainer, bytes.</summary>
    public long? PeakMemoryBytes { get; init; }
}

/// <summary>One lease of a job: one life of a trainer on it. Key: (job, number).</summary>
public sealed record AttemptRow : LedgerRow
{
    /// <summary>Job.</summary>
    public required JobId Job { get; init; }

    /// <summary>Number, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Worker, incarnation and slot that hold it.</summary>
    public required string Worker { get; init; }

    /// <summary>Incarnation of the worker.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Slot, from 0.</summary>
    public required int Slot { get; init; }

    /// <summary>Granted at.</summary>
    public required long StartedAt { get; init; }

    /// <summary>Ended at; null while open.</summary>
    public long? EndedAt { get; init; }

    /// <summary><c>completed</c>, <c>failed</c>, <c>released</c>, <c>lost</c>, <c>paused</c>, <c>stopped</c>, <c>cancelled</c>; null while open.</summary>
    public string? Outcome { get; init; }

    /// <summary>Failure class when failed.</summary>
    public FailureClass? FailureClass { get; init; }

    /// <summary>Words for people.</summary>
    public string? Message { get; init; }

    /// <summary>Step of the checkpoint it resumed from; 0: from the start.</summary>
    public int ResumedFrom { get; init; }

    /// <summary>From the end of the attempt before to this one's first new step, seconds; null when not a recovery.</summary>
    public double? RecoverySeconds { get; init; }

    /// <summary>LibTorch, CPU capability and threads: <c>2.10.0 AVX512 1</c>. A change means that exact resume is not proven.</summary>
    public string? Machine { get; init; }
}

/// <summary>A committed checkpoint. Key: (job, attempt, step).</summary>
public sealed record CheckpointRow : LedgerRow
{
    /// <summary>Job.</summary>
    public required JobId Job { get; init; }

    /// <summary>Attempt that wrote it.</summary>
    public required int Attempt { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Folder, relative to the home's <c>sweeps</c> folder.</summary>
    public required string Directory { get; init; }

    /// <summary>SHA-256 of its manifest, which lists every file's own.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes of all its files.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether it is one to resume from (weights, optimiser, counters).</summary>
    public required bool HasState { get; init; }

    /// <summary>Whether it holds the best weights so far.</summary>
    public bool IsBest { get; init; }

    /// <summary>Whether it is the last of a completed job.</summary>
    public bool IsFinal { get; init; }

    /// <summary>Whether the ledger keeps it, has marked it bad, or has dropped it (the janitor may delete it).</summary>
    public required CheckpointStatus Status { get; init; }

    /// <summary>Committed at.</summary>
    public required long CommittedAt { get; init; }
}

/// <summary>What the ledger says of a checkpoint.</summary>
public enum CheckpointStatus
{
    /// <summary>Kept: last two, best or final.</summary>
    Kept,

    /// <summary>It did not verify; it is not used again.</summary>
    Bad,

    /// <summary>No longer needed; the janitor may delete its folder.</summary>
    Dropped,
}

/// <summary>Metrics of one evaluation. Key: (job, step, split, variant): a replay rewrites it with the same values.</summary>
public sealed record EvaluationRow : LedgerRow
{
    /// <summary>Job.</summary>
    public required JobId Job { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary><c>validation</c> or <c>test</c>.</summary>
    public required string Split { get; init; }

    /// <summary>Which arm: <c>plain</c>, or an after-training variant.</summary>
    public required string Variant { get; init; }

    /// <summary>Attempt that made it; a higher one supersedes.</summary>
    public required int Attempt { get; init; }

    /// <summary>Mean loss.</summary>
    public double? Loss { get; init; }

    /// <summary>Accuracy, 0 to 1.</summary>
    public double? Accuracy { get; init; }

    /// <summary>Macro F1, 0 to 1.</summary>
    public double? MacroF1 { get; init; }

    /// <summary>F1 of each class as a JSON object from label to number, and whatever else was measured.</summary>
    public required string MetricsJson { get; init; }

    /// <summary>Evaluated at.</summary>
    public required long At { get; init; }
}

/// <summary>A trial scheduler's decision. Key: (sweep, trial, step); written once.</summary>
public sealed record DecisionRow : LedgerRow
{
    /// <summary>Sweep.</summary>
    public required string Sweep { get; init; }

    /// <summary>Trial.</summary>
    public required int Trial { get; init; }

    /// <summary>Step decided at.</summary>
    public required int Step { get; init; }

    /// <summary><c>continue</c> or <c>stop</c>.</summary>
    public required string Decision { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

/// <summary>A point of the loss curve. Key: (job, step). At most 500 a job: the stride is the smallest power of two that allows it.</summary>
public sealed record MetricPointRow : LedgerRow
{
    /// <summary>Job.</summary>
    public required JobId Job { get; init; }

    /// <summary>Optimiser step, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>Training loss of that step.</summary>
    public required double Loss { get; init; }

    /// <summary>Learning rate of that step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Gradient norm before clipping; null when not measured.</summary>
    public double? GradientNorm { get; init; }
}

/// <summary>A worker. Key: <see cref="Name"/>.</summary>
public sealed record WorkerRow : VersionedRow
{
    /// <summary>Stable name (machine and home).</summary>
    public required string Name { get; init; }

    /// <summary>Counter of its lives.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Host name.</summary>
    public required string Host { get; init; }

    /// <summary>Process id of the silo.</summary>
    public required int ProcessId { get; init; }

    /// <summary>Slots, quarantined ones included.</summary>
    public required int Slots { get; init; }

    /// <summary>LibTorch, CPU capability and threads a slot.</summary>
    public string? Machine { get; init; }

    /// <summary>Devices, for people.</summary>
    public string? Devices { get; init; }

    /// <summary>Registered at.</summary>
    public required long RegisteredAt { get; init; }
}

/// <summary>Something that happened. Append only.</summary>
public sealed record EventRow : LedgerRow
{
    /// <summary>Running number; set by the ledger.</summary>
    public long Number { get; init; }

    /// <summary>At.</summary>
    public required long At { get; init; }

    /// <summary>Sweep; null for a worker's event.</summary>
    public string? Sweep { get; init; }

    /// <summary>Job; null for a sweep's or worker's event.</summary>
    public JobId? Job { get; init; }

    /// <summary>Attempt; null when none is meant.</summary>
    public int? Attempt { get; init; }

    /// <summary>Kind, kebab-case: a transition's name, or <c>checkpoint-bad</c>, <c>replay-differs</c>, <c>lease-lost</c>, ...</summary>
    public required string Kind { get; init; }

    /// <summary>Words for people.</summary>
    public required string Message { get; init; }

    /// <summary>Details as JSON; null when there are none.</summary>
    public string? DataJson { get; init; }
}
