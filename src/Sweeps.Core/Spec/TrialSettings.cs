namespace Sweeps.Core.Spec;

/// <summary>
/// Every setting of one trial, resolved: what the trainer needs besides the pinned inputs. Two trials with equal
/// settings are the same trial.
/// </summary>
public sealed record TrialSettings
{
    /// <summary>Base model: <c>builtin:tiny-gemma3</c>, or the path of a Hugging Face folder.</summary>
    public required string Base { get; init; }

    /// <summary>What is trained: <c>full</c> or <c>lora</c>.</summary>
    public string Method { get; init; } = "full";

    /// <summary>What decides: <c>linear</c> or <c>label-tokens</c>.</summary>
    public string Head { get; init; } = "linear";

    /// <summary>Training positions' loss for <c>label-tokens</c>: <c>constrained</c> (over the label tokens) or <c>vocabulary</c>.</summary>
    public string Loss { get; init; } = "constrained";

    /// <summary>Embeddings and this many bottom blocks are frozen; 0 trains all. Under LoRA: no adapter in them.</summary>
    public int FrozenLayers { get; init; }

    /// <summary>LoRA rank; null under other methods.</summary>
    public int? Rank { get; init; }

    /// <summary>LoRA alpha; null: twice the rank.</summary>
    public double? Alpha { get; init; }

    /// <summary>LoRA dropout, 0 to 1.</summary>
    public double LoraDropout { get; init; }

    /// <summary>LoRA targets: null or <c>all-linear</c> for every linear layer but the head, else names or suffixes.</summary>
    public IReadOnlyList<string>? TargetModules { get; init; }

    /// <summary>Passes over the training rows.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Rows a micro-batch.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Micro-batches an optimiser step; the loss is their mean.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary><c>constant</c>, <c>linear</c> or <c>cosine</c>.</summary>
    public string Schedule { get; init; } = "cosine";

    /// <summary>Warm-up: below 1 a share of all steps (rounded up), from 1 a number of steps.</summary>
    public double Warmup { get; init; } = 0.05;

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Gradients are clipped to this global norm; 0: not at all.</summary>
    public double Clip { get; init; } = 1.0;

    /// <summary><c>none</c>, <c>balanced</c> (inverse frequency, mean 1), or one weight a class in label order.</summary>
    public string ClassWeights { get; init; } = "none";

    /// <summary>The weights when <see cref="ClassWeights"/> is <c>custom</c>, in label order.</summary>
    public IReadOnlyList<double>? CustomClassWeights { get; init; }

    /// <summary>Seed of head, adapters, data order and dropout.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Template of the text, with <c>{column}</c> slots.</summary>
    public required string Template { get; init; }

    /// <summary>Text of each label in label order, for <c>label-tokens</c>; null: the label itself.</summary>
    public IReadOnlyList<string>? LabelTexts { get; init; }

    /// <summary>Longest input in tokens, special ones included; only fields are truncated.</summary>
    public int MaxLength { get; init; } = 128;

    /// <summary>Which part of a field is kept: <c>head</c>, <c>tail</c> or <c>middle</c> (both ends).</summary>
    public string Truncate { get; init; } = "head";

    /// <summary>Rows a batch in evaluation.</summary>
    public int EvaluationBatchSize { get; init; } = 64;

    /// <summary>Metric that chooses the best checkpoint and the winner: <c>macro_f1</c>, <c>accuracy</c> or <c>loss</c>.</summary>
    public string Metric { get; init; } = "macro_f1";

    /// <summary>Checkpoint every so many steps; 0: by seconds only.</summary>
    public int CheckpointSteps { get; init; }

    /// <summary>Checkpoint every so many seconds; 0: by steps only. Evaluations always end in a checkpoint.</summary>
    public double CheckpointSeconds { get; init; } = 10;

    /// <summary>How the data are read and split.</summary>
    public required DataSettings Data { get; init; }
}

/// <summary>How the data are read and split; the same for all trials of a sweep.</summary>
public sealed record DataSettings
{
    /// <summary><c>csv</c> or <c>jsonl</c>.</summary>
    public string Format { get; init; } = "csv";

    /// <summary>Delimiter of a CSV; null: guessed from the header.</summary>
    public string? Delimiter { get; init; }

    /// <summary>Column of the label.</summary>
    public string LabelColumn { get; init; } = "label";

    /// <summary>Labels in order; fixed at launch.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Share of the training rows kept for validation when there is no validation file.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Use at most so many rows of each split (0: all); the first by content hash, stratified.</summary>
    public int MaxRows { get; init; }
}
