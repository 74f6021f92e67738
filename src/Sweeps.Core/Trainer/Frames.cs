using System.Text.Json.Serialization;
using Sweeps.Core.Ids;
using Sweeps.Core.States;

namespace Sweeps.Core.Trainer;

/// <summary>
/// A message between worker and trainer: a 4-byte little-endian length, then that many bytes of UTF-8 JSON (at most
/// <see cref="MaxBytes"/>). <c>PROTOCOL.md</c> beside this file is the whole protocol on one page.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(WorkerHello), "worker-hello")]
[JsonDerivedType(typeof(StartFrame), "start")]
[JsonDerivedType(typeof(PulseFrame), "pulse")]
[JsonDerivedType(typeof(OfferAnswer), "offer-answer")]
[JsonDerivedType(typeof(CommandFrame), "command")]
[JsonDerivedType(typeof(TrainerHello), "trainer-hello")]
[JsonDerivedType(typeof(BeatFrame), "beat")]
[JsonDerivedType(typeof(ProgressFrame), "progress")]
[JsonDerivedType(typeof(OfferFrame), "offer")]
[JsonDerivedType(typeof(EventFrame), "event")]
[JsonDerivedType(typeof(DoneFrame), "done")]
[JsonDerivedType(typeof(ReleasedFrame), "released")]
[JsonDerivedType(typeof(FailedFrame), "failed")]
public abstract record Frame
{
    /// <summary>Version of the protocol; a peer with another one is refused.</summary>
    public const int Version = 1;

    /// <summary>Longest frame.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>The job that the frame is about; null in hello and pulse.</summary>
    public JobId? Job { get; init; }

    /// <summary>The attempt that the frame is about; 0 in hello and pulse.</summary>
    public int Attempt { get; init; }
}

/// <summary>Worker to trainer, first: the protocol's version and the build that the worker runs.</summary>
public sealed record WorkerHello(int Protocol, string Build) : Frame;

/// <summary>Worker to trainer: begin this assignment. A warm trainer gets another one after its last frame of the former.</summary>
public sealed record StartFrame(JobAssignment Assignment) : Frame;

/// <summary>Worker to trainer, every second: the worker lives and holds the lease. Unheard for 10 s (own ticks), the trainer stops at the next step.</summary>
public sealed record PulseFrame : Frame;

/// <summary>Worker to trainer: what became of an offer.</summary>
/// <param name="Offer">The offer's number.</param>
/// <param name="Committed">Whether the ledger names the checkpoint now; false: it is garbage.</param>
public sealed record OfferAnswer(long Offer, bool Committed) : Frame;

/// <summary>Worker to trainer: end this attempt, with a last checkpoint where asked.</summary>
/// <param name="Command">What to do.</param>
public sealed record CommandFrame(TrainerCommand Command) : Frame;

/// <summary>What a worker tells a trainer.</summary>
public enum TrainerCommand
{
    /// <summary>Go on.</summary>
    Continue,

    /// <summary>Write a checkpoint, then release (pause, stop, cancel, drain).</summary>
    Checkpoint,

    /// <summary>Release at once without a checkpoint (fenced, out of time).</summary>
    Abandon,

    /// <summary>End the process after the current assignment.</summary>
    Exit,
}

/// <summary>Trainer to worker, first.</summary>
/// <param name="Protocol">Version of the protocol.</param>
/// <param name="Build">The trainer's build.</param>
/// <param name="ProcessId">Its pid.</param>
/// <param name="Machine">LibTorch, CPU capability and threads, e.g. <c>2.10.0 AVX512 1</c>.</param>
public sealed record TrainerHello(int Protocol, string Build, int ProcessId, string Machine) : Frame;

/// <summary>Trainer to worker: it lives. At least once a micro-batch in step and evaluate, and once a second in every other phase that makes progress.</summary>
/// <param name="Phase"><c>load</c>, <c>tokenise</c>, <c>step</c>, <c>evaluate</c>, <c>write</c>, <c>wait</c> (for an answer).</param>
/// <param name="Count">Beats of this phase so far in this attempt.</param>
public sealed record BeatFrame(string Phase, long Count) : Frame;

/// <summary>Trainer to worker: where it is; thinned when the pipe is full.</summary>
public sealed record ProgressFrame : Frame
{
    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Optimiser steps in all.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Step that the attempt began at.</summary>
    public int ResumedFrom { get; init; }

    /// <summary>Epochs done, with a fraction.</summary>
    public double Epoch { get; init; }

    /// <summary>Loss of the last step.</summary>
    public double? Loss { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Input tokens a second over the last steps.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Seconds a step over the last steps.</summary>
    public double? StepSeconds { get; init; }

    /// <summary>Phase, as in <see cref="BeatFrame"/>.</summary>
    public string Phase { get; init; } = "step";

    /// <summary>Share of the phase that is done, 0 to 1; null where the steps say it.</summary>
    public double? PhaseShare { get; init; }

    /// <summary>Parameters that are trained.</summary>
    public long? TrainableParameters { get; init; }

    /// <summary>Parameters in all.</summary>
    public long? TotalParameters { get; init; }
}

/// <summary>
/// Trainer to worker: a checkpoint lies on disk, synced; name it in the ledger. One is outstanding at a time, and none
/// is dropped. The evaluations and points that it carries count with its commit.
/// </summary>
public sealed record OfferFrame : Frame
{
    /// <summary>Number of the offer in this attempt, from 1.</summary>
    public required long Offer { get; init; }

    /// <summary>The checkpoint; null for an evaluation job, which writes none.</summary>
    public OfferedCheckpoint? Checkpoint { get; init; }

    /// <summary>Evaluations since the last offer.</summary>
    public IReadOnlyList<OfferedEvaluation> Evaluations { get; init; } = [];

    /// <summary>Curve points since the last offer, at the job's stride.</summary>
    public IReadOnlyList<OfferedPoint> Points { get; init; } = [];

    /// <summary>Training seconds since the last offer (waits excluded).</summary>
    public double Seconds { get; init; }

    /// <summary>Optimiser steps in all.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Parameters that are trained.</summary>
    public long? TrainableParameters { get; init; }

    /// <summary>Parameters in all.</summary>
    public long? TotalParameters { get; init; }

    /// <summary>Seconds a step, median since the last offer.</summary>
    public double? StepSeconds { get; init; }

    /// <summary>Peak resident memory of the trainer, bytes.</summary>
    public long? PeakMemoryBytes { get; init; }
}

/// <summary>A checkpoint on disk.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Directory">Absolute folder; the worker makes it relative to the home's <c>sweeps</c> folder.</param>
/// <param name="Sha256">Hash of its manifest.</param>
/// <param name="Bytes">Bytes of all files.</param>
/// <param name="HasState">Whether it can be resumed from.</param>
/// <param name="IsBest">Whether it holds the best weights so far.</param>
/// <param name="IsFinal">Whether it is the last of the job.</param>
/// <param name="WeightsSha256">Hash of its trainable weights (see <c>PROTOCOL.md</c>).</param>
/// <param name="WriteSeconds">Seconds that writing and syncing took.</param>
/// <param name="StandstillSeconds">Seconds that the training thread stood still for it.</param>
public sealed record OfferedCheckpoint(
    int Step,
    string Directory,
    string Sha256,
    long Bytes,
    bool HasState,
    bool IsBest,
    bool IsFinal,
    string WeightsSha256,
    double WriteSeconds,
    double StandstillSeconds);

/// <summary>Metrics of one evaluation.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Split"><c>validation</c> or <c>test</c>.</param>
/// <param name="Variant">Which arm, <c>plain</c>.</param>
/// <param name="Loss">Mean loss over rows.</param>
/// <param name="Accuracy">Share of rows with the right label, or with the very set of labels.</param>
/// <param name="MacroF1">Macro F1.</param>
/// <param name="F1">F1 of each class, in label order, by label.</param>
/// <param name="Rows">Rows scored.</param>
/// <param name="MicroF1">Micro F1 where rows have any number of labels; else null, as it is the accuracy.</param>
public sealed record OfferedEvaluation(
    int Step,
    string Split,
    string Variant,
    double Loss,
    double Accuracy,
    double MacroF1,
    IReadOnlyDictionary<string, double> F1,
    int Rows,
    double? MicroF1 = null);

/// <summary>A point of the loss curve.</summary>
/// <param name="Step">Step, from 1.</param>
/// <param name="Loss">Loss.</param>
/// <param name="LearningRate">Learning rate.</param>
/// <param name="GradientNorm">Norm before clipping.</param>
public sealed record OfferedPoint(int Step, double Loss, double LearningRate, double? GradientNorm);

/// <summary>Trainer to worker: something worth a row (<c>checkpoint-bad</c>, <c>replay-differs</c>, <c>disk-full</c>, <c>resumed</c>, ...).</summary>
/// <param name="Kind">Kind, kebab-case.</param>
/// <param name="Message">Words for people.</param>
/// <param name="Checkpoint">The checkpoint that it is about: (attempt, step); null when none is meant.</param>
public sealed record EventFrame(string Kind, string Message, CheckpointName? Checkpoint = null) : Frame;

/// <summary>Names a checkpoint of the job.</summary>
/// <param name="Attempt">Attempt that wrote it.</param>
/// <param name="Step">Steps done.</param>
public sealed record CheckpointName(int Attempt, int Step);

/// <summary>Trainer to worker: the job is done; its final checkpoint is committed where its kind has one.</summary>
/// <param name="FinalSha256">Hash of the final weights; null for kinds that write none.</param>
/// <param name="BestSha256">Hash of the best weights.</param>
public sealed record DoneFrame(string? FinalSha256, string? BestSha256) : Frame;

/// <summary>Trainer to worker: the attempt ended on command, its checkpoint (where asked) committed.</summary>
public sealed record ReleasedFrame(int Step) : Frame;

/// <summary>Trainer to worker: the attempt failed. The process may end after it.</summary>
/// <param name="Failure">Class.</param>
/// <param name="Message">Words for people: what, where, the fix.</param>
public sealed record FailedFrame(FailureClass Failure, string Message) : Frame;
