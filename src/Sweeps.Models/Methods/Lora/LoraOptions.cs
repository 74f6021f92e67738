namespace Sweeps.Models.Methods.Lora;

/// <summary>Options of LoRA (https://arxiv.org/abs/2106.09685), with PEFT's meanings.</summary>
public sealed record LoraOptions
{
    /// <summary>PEFT's word for every linear layer but the output head.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>Rank of the update, 1 up to the smaller side of every target; default 8.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The update is scaled by alpha / rank (alpha / sqrt(rank) for rank-stabilised LoRA); default 8.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>Dropout on the adapter's input, 0 up to, not including, 1; default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>Rank-stabilised LoRA (https://arxiv.org/abs/2312.03732); default off.</summary>
    public bool RankStabilised { get; init; }

    /// <summary><see cref="AllLinear"/>, or module names or last parts of them (<c>q_proj</c>); default all-linear.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [AllLinear];

    /// <summary>The bottom blocks that get no adapter; default 0.</summary>
    public int FrozenLayers { get; init; }

    /// <summary>Seeds the new matrices, together with their names.</summary>
    public ulong Seed { get; init; }

    /// <summary>Factor on the update.</summary>
    public double Scaling => RankStabilised ? Alpha / Math.Sqrt(Rank) : Alpha / Rank;
}
