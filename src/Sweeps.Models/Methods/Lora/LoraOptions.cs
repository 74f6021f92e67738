using Sweeps.Models.Methods.Adapters;

namespace Sweeps.Models.Methods.Lora;

/// <summary>Options of LoRA (https://arxiv.org/abs/2106.09685) and its relatives, with PEFT's meanings and, but for the targets, defaults.</summary>
public sealed record LoraOptions
{
    /// <summary>Rank of the update, 1 up to the smaller side of every target; default 8.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The update is scaled by alpha / rank (alpha / sqrt(rank) for rank-stabilised LoRA); default 8.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>Dropout on the adapter's input, 0 up to, not including, 1; default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>Rank-stabilised LoRA (https://arxiv.org/abs/2312.03732); default off.</summary>
    public bool RankStabilised { get; init; }

    /// <summary>Weight-decomposed LoRA, DoRA (https://arxiv.org/abs/2402.09353); default off.</summary>
    public bool WeightDecomposed { get; init; }

    /// <summary>How the first matrix starts; default <see cref="LoraStart.Uniform"/>.</summary>
    public LoraStart Start { get; init; } = LoraStart.Uniform;

    /// <summary>Default: every linear layer but the head, as QLoRA's authors found best.</summary>
    public TargetModules Targets { get; init; } = TargetModules.AllLinear;

    /// <summary>Modules trained in full beside the adapters, by name or end of a name; the head always is. Default: none.</summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>The bottom blocks that get no adapter; default 0.</summary>
    public int FrozenLayers { get; init; }

    /// <summary>Seeds the new matrices, together with their names.</summary>
    public ulong Seed { get; init; }

    /// <summary>Factor on the update.</summary>
    public double Scaling => RankStabilised ? Alpha / Math.Sqrt(Rank) : Alpha / Rank;
}

/// <summary>How LoRA's first matrix starts; the second is zero. PEFT's init_lora_weights.</summary>
public enum LoraStart
{
    /// <summary>Uniform within 1 / sqrt(inputs) (PEFT: true, kaiming uniform with a = sqrt 5).</summary>
    Uniform,

    /// <summary>Normal with deviation 1 / rank (PEFT: gaussian).</summary>
    Gaussian,
}
