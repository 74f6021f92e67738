using Sweeps.Models.Layers;

namespace Sweeps.Models.Methods.Lora;

/// <summary>Trains low-rank adapters beside the frozen model, and the head in full (PEFT's modules_to_save).</summary>
public sealed class LoraFineTuning : TrainingMethod
{
    private readonly Transformer model;
    private readonly List<LoraAdapter> adapters;
    private readonly IReadOnlyList<NamedParameter> headParameters;
    private bool merged;

    /// <summary>Attaches new adapters to <paramref name="model"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or a target names nothing in the model.</exception>
    public LoraFineTuning(Transformer model, IReadOnlyList<NamedParameter> headParameters, LoraOptions options)
    {
        CheckFrozenLayers(model, options.FrozenLayers);
        var targets = FindTargets(model, options);
        Check(options, targets);
        this.model = model;
        this.headParameters = headParameters;
        Options = options;
        adapters = [.. targets.Select(target => new LoraAdapter(target, options))];
        foreach (var adapter in adapters)
        {
            adapter.Target.Adapter = adapter;
        }

        Trainable = [.. adapters.SelectMany(adapter => new[] { adapter.A, adapter.B }), .. headParameters];
        SetGradients(model, Trainable);
    }

    /// <summary>What the adapters were made with.</summary>
    public LoraOptions Options { get; }

    /// <summary>Under PEFT's names as in adapter_model.safetensors, then the head under its own.</summary>
    public override IReadOnlyList<NamedParameter> Trainable { get; }

    /// <summary>The adapters' matrices, without the head.</summary>
    public IEnumerable<NamedParameter> AdapterParameters => Trainable.Take(adapters.Count * 2);

    /// <summary>Last parts of the names of adapted layers, sorted: PEFT's target_modules.</summary>
    public IReadOnlyList<string> TargetModules =>
        [.. adapters.Select(adapter => adapter.Target.Name.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The head's weights, as saved beside the adapters.</summary>
    public IReadOnlyList<NamedParameter> HeadParameters => headParameters;

    /// <summary>Adds every update into its weight and switches the adapters off: for export. Not for further training.</summary>
    public void Merge() => Fold(merge: true);

    /// <summary>Undoes <see cref="Merge"/>, up to rounding.</summary>
    public void Unmerge() => Fold(merge: false);

    /// <summary>Switches the adapters off or on without touching weights: the base model's own output.</summary>
    public void Enable(bool on)
    {
        foreach (var adapter in adapters)
        {
            adapter.Target.Adapter = on && !merged ? adapter : null;
        }
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        SetGradients(model, []);
        foreach (var adapter in adapters)
        {
            adapter.Target.Adapter = null;
            adapter.A.Value.Dispose();
            adapter.B.Value.Dispose();
        }
    }

    private void Fold(bool merge)
    {
        if (merged == merge)
        {
            return;
        }

        merged = merge;
        foreach (var adapter in adapters)
        {
            adapter.Fold(merge ? 1 : -1);
        }

        Enable(true);
    }

    private static List<Linear> FindTargets(Transformer model, LoraOptions options)
    {
        var known = model.Linears.Select(linear => linear.Name.Split('.')[^1])
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();
        foreach (var target in options.Targets)
        {
            if (!model.Linears.Any(linear => Matches(linear, target)))
            {
                throw new ArgumentException(
                    $"LoRA target '{target}' names no linear layer of {model.ModelType}; known: {LoraOptions.AllLinear}, "
                    + string.Join(", ", known));
            }
        }

        return
        [
            .. model.Linears.Where(linear => !IsFrozen(linear.Layer, options.FrozenLayers)
                && options.Targets.Any(target => Matches(linear, target))),
        ];
    }

    private static bool Matches(Linear linear, string target) =>
        target == LoraOptions.AllLinear
        || linear.Name == target
        || linear.Name.EndsWith("." + target, StringComparison.Ordinal);

    private static void Check(LoraOptions options, List<Linear> targets)
    {
        var widest = targets.Count == 0 ? int.MaxValue : targets.Min(target => Math.Min(target.Inputs, target.Outputs));
        if (options.Rank < 1 || options.Rank > widest)
        {
            var narrow = targets.MinBy(target => Math.Min(target.Inputs, target.Outputs));
            throw new ArgumentException(narrow is null
                ? $"LoRA rank must be at least 1; found {options.Rank}"
                : $"LoRA rank must be from 1 to {widest}, the smaller side of {narrow.Name} "
                + $"[{narrow.Outputs}, {narrow.Inputs}]; found {options.Rank}");
        }

        if (options.Dropout is not (>= 0 and < 1) || !double.IsFinite(options.Alpha))
        {
            throw new ArgumentException(
                $"LoRA dropout must be at least 0 and below 1 and alpha finite; found {options.Dropout} and {options.Alpha}");
        }
    }
}
