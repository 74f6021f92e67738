using Sweeps.Models.Methods.Adapters;

namespace Sweeps.Models.Methods.Ia3;

/// <summary>Options of IA3 (https://arxiv.org/abs/2205.05638), with PEFT's meanings and defaults.</summary>
public sealed record Ia3Options
{
    /// <summary>Default: PEFT's for the model type.</summary>
    public TargetModules Targets { get; init; } = TargetModules.Default;

    /// <summary>
    /// Which of the targets scale their input instead of their output, by name or end of a name; null (default): PEFT's for the
    /// model type.
    /// </summary>
    public IReadOnlyList<string>? FeedForward { get; init; }

    /// <summary>Modules trained in full beside the scales, by name or end of a name; the head always is. Default: none.</summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>The bottom blocks that get no scales; default 0.</summary>
    public int FrozenLayers { get; init; }
}
