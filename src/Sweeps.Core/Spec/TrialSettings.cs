using System.Text.Json.Serialization;

namespace Sweeps.Core.Spec;

/// <summary>
/// Every setting of one trial, resolved: what the trainer needs besides the pinned inputs. Two trials with equal
/// settings are the same trial.
/// </summary>
public sealed record TrialSettings
{
    /// <summary>Base model: <c>builtin:tiny-gemma3</c>, or the path of a Hugging Face folder.</summary>
    public required string Base { get; init; }

    /// <summary>
    /// What is trained: everything (<c>full</c>), adapters (<c>lora</c>, <c>rslora</c>, <c>dora</c>; <c>qlora</c> on a base in
    /// 4 bits; <c>ia3</c>), virtual tokens (<c>prefix</c>, <c>prompt</c>), the head (<c>head-only</c>), or nothing
    /// (<c>zero-shot</c>).
    /// </summary>
    public string Method { get; init; } = "full";

    /// <summary>What decides: <c>linear</c>, <c>label-tokens</c>, <c>trimmed</c> or <c>generate</c>.</summary>
    public string Head { get; init; } = "linear";

    /// <summary>
    /// Rows of the vocabulary projection that a <c>trimmed</c> head starts from: those of the labels' tokens
    /// (<c>label-tokens</c>) or the first ones (<c>first-rows</c>).
    /// </summary>
    public string Trim { get; init; } = "label-tokens";

    /// <summary>
    /// What a <c>linear</c> head reads of an encoder: the first token (<c>cls</c>), that token through the family's pooler
    /// (<c>pooled</c>), the mean of all tokens (<c>mean</c>), or what the family's classifiers do (<c>auto</c>).
    /// </summary>
    public string Pooling { get; init; } = "auto";

    /// <summary>Whether a <c>generate</c> head may write nothing but labels; free text that is no label counts as wrong.</summary>
    public bool Constrained { get; init; } = true;

    /// <summary>Training positions' loss for <c>label-tokens</c>: <c>constrained</c> (over the label tokens) or <c>vocabulary</c>.</summary>
    public string Loss { get; init; } = "constrained";

    /// <summary>Embeddings and this many bottom blocks are frozen; 0 trains all. Under adapters: none in them.</summary>
    public int FrozenLayers { get; init; }

    /// <summary>LoRA rank; null under other methods.</summary>
    public int? Rank { get; init; }

    /// <summary>LoRA alpha; null: twice the rank.</summary>
    public double? Alpha { get; init; }

    /// <summary>LoRA dropout, 0 to 1.</summary>
    public double LoraDropout { get; init; }

    /// <summary>
    /// Layers that get adapters: null for every linear layer but the head, <c>default</c> for PEFT's of the model type, names or
    /// ends of names, or one text that begins with <c>regex:</c>. IA3 takes null for its own default.
    /// </summary>
    public IReadOnlyList<string>? TargetModules { get; init; }

    /// <summary>Modules trained in full beside the adapters, by name or end of a name; null: the head only.</summary>
    public IReadOnlyList<string>? ModulesToSave { get; init; }

    /// <summary>QLoRA: whether the scales of the 4-bit blocks are held in 8 bits.</summary>
    public bool DoubleQuant { get; init; }

    /// <summary>QLoRA: type of the products with 4-bit matrices, <c>float32</c> or <c>bfloat16</c>.</summary>
    public string QuantCompute { get; init; } = "float32";

    /// <summary>Virtual tokens of prefix and prompt tuning.</summary>
    public int VirtualTokens { get; init; } = 20;

    /// <summary>Passes over the training rows.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Rows a micro-batch.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Micro-batches an optimiser step; the loss is their mean.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>
    /// What an accumulated loss is the mean of: <c>rows</c> (or graded tokens) of the whole step, as one large batch would
    /// have it, or <c>batches</c>: a mean of the micro-batches' means.
    /// </summary>
    public string AccumulationMean { get; init; } = "rows";

    /// <summary>Rows of like length come in one batch.</summary>
    public bool GroupByLength { get; init; } = true;

    /// <summary>Optimiser steps at most, whatever <see cref="Epochs"/> says; 0: no limit.</summary>
    public int MaxSteps { get; init; }

    /// <summary>Evaluate (and save) every so many optimiser steps; 0: after every epoch. The end is always evaluated.</summary>
    public int EvaluateSteps { get; init; }

    /// <summary>Stop after so many evaluations in a row without a gain; 0: never.</summary>
    public int Patience { get; init; }

    /// <summary>How much better than the best so far an evaluation must be to count as a gain for <see cref="Patience"/>.</summary>
    public double MinDelta { get; init; }

    /// <summary><c>constant</c>, <c>linear</c>, <c>cosine</c> or <c>warmup-stable-decay</c>.</summary>
    public string Schedule { get; init; } = "cosine";

    /// <summary>Steps of the decay under warmup-stable-decay: below 1 a share of all steps (rounded up), from 1 a number.</summary>
    public double DecaySteps { get; init; } = 0.2;

    /// <summary>Shape of the decay under warmup-stable-decay: <c>cosine</c>, <c>linear</c> or <c>1-sqrt</c>.</summary>
    public string DecayShape { get; init; } = "cosine";

    /// <summary>Share of the learning rate that warmup-stable-decay starts from and ends at, 0 to 1.</summary>
    public double MinLearningRate { get; init; }

    /// <summary>Warm-up: below 1 a share of all steps (rounded up), from 1 a number of steps.</summary>
    public double Warmup { get; init; } = 0.05;

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Gradients are clipped to this global norm; 0: not at all.</summary>
    public double Clip { get; init; } = 1.0;

    /// <summary>
    /// <c>none</c>, <c>balanced</c> (inverse frequency, mean 1), or one weight a class in label order. Where rows have any number
    /// of labels a weight is that of the rows which have the label, and balanced makes it rows without over rows with it.
    /// </summary>
    public string ClassWeights { get; init; } = "none";

    /// <summary>The weights when <see cref="ClassWeights"/> is <c>custom</c>, in label order.</summary>
    public IReadOnlyList<double>? CustomClassWeights { get; init; }

    /// <summary>Share of a target that is spread over all classes (or, where tokens are learnt, the vocabulary), 0 to below 1.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>
    /// Focal loss: a loss is multiplied by (1 - probability of its target) to this power, so that what is known already
    /// counts less; 0: off.
    /// </summary>
    public double FocalGamma { get; init; }

    /// <summary>
    /// Type that is computed in: <c>float32</c> or <c>bfloat16</c> (the trained weights keep a copy of 32 bits, which is what the
    /// optimiser updates).
    /// </summary>
    public string Precision { get; init; } = "float32";

    /// <summary>Blocks are computed a second time in the backward pass instead of kept: less memory, more time, equal results.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Seed of head, adapters, data order and dropout.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Template of the text, with <c>{column}</c> slots.</summary>
    public required string Template { get; init; }

    /// <summary>
    /// Whether a prompt is the user's turn of a conversation, as the base model's family writes one, and the label the model's
    /// turn; solved examples are earlier turns.
    /// </summary>
    public bool Chat { get; init; }

    /// <summary>
    /// Texts of each label in label order, for heads that read or write labels as text; the first is the one that is
    /// learnt, the probabilities of all add up. Null: the label itself.
    /// </summary>
    public IReadOnlyList<LabelText>? LabelTexts { get; init; }

    /// <summary>Solved examples of each class in front of every prompt, taken from the training rows by the seed; 0: none.</summary>
    public int FewShot { get; init; }

    /// <summary>
    /// Longest input in tokens, special ones included; only fields are truncated. Default 128, or the positions of a base
    /// that has fewer (the planner sees to that).
    /// </summary>
    public int MaxLength { get; init; } = 128;

    /// <summary>Which part of a field is kept: <c>head</c>, <c>tail</c> or <c>middle</c> (both ends).</summary>
    public string Truncate { get; init; } = "head";

    /// <summary>Rows a batch in evaluation.</summary>
    public int EvaluationBatchSize { get; init; } = 64;

    /// <summary>Other ways to decide from the same weights, scored in every evaluation; null: none.</summary>
    public IReadOnlyList<VariantSettings>? Variants { get; init; }

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

    /// <summary>
    /// What stands between two labels of a row, which then has none, one or several (multi-label). Null: every row has one.
    /// </summary>
    public string? LabelSeparator { get; init; }

    /// <summary>Whether a row has any number of labels.</summary>
    [JsonIgnore]
    public bool IsMultiLabel => LabelSeparator is not null;

    /// <summary>Share of the training rows kept for validation when there is no validation file.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Use at most so many rows of each split (0: all); the first by content hash, stratified.</summary>
    public int MaxRows { get; init; }
}
