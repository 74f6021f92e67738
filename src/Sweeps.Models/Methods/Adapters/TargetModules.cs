namespace Sweeps.Models.Methods.Adapters;

/// <summary>Which linear layers get an adapter, by PEFT's rules. The output head never does.</summary>
public sealed record TargetModules
{
    /// <summary>PEFT's word for every linear layer but the output head.</summary>
    public const string AllLinearWord = "all-linear";

    private TargetModules()
    {
    }

    /// <summary>Every linear layer but the output head.</summary>
    public static TargetModules AllLinear { get; } = new() { IsAll = true };

    /// <summary>What PEFT takes for the model's type when nothing is said.</summary>
    public static TargetModules Default { get; } = new();

    /// <summary>
    /// Module names, or their last parts: <c>q_proj</c> means every layer whose name is that or ends in <c>.q_proj</c>. The one
    /// name <c>all-linear</c> means <see cref="AllLinear"/>.
    /// </summary>
    public static TargetModules Named(params IReadOnlyList<string> names) =>
        names is [AllLinearWord] ? AllLinear : new() { Names = names };

    /// <summary>A regular expression that the whole module name must match.</summary>
    public static TargetModules Matching(string pattern) => new() { Pattern = pattern };

    /// <summary>Whether every linear layer is meant.</summary>
    public bool IsAll { get; private init; }

    /// <summary>Names or last parts of names; null when given otherwise.</summary>
    public IReadOnlyList<string>? Names { get; private init; }

    /// <summary>A regular expression; null when given otherwise.</summary>
    public string? Pattern { get; private init; }

    /// <summary>
    /// Blocks that get adapters, by number from 0 (PEFT's layers_to_transform); null (default): all. What lies outside the
    /// blocks, such as a pooler, then gets none.
    /// </summary>
    public IReadOnlyList<int>? Layers { get; init; }
}
