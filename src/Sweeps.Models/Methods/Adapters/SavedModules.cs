using static TorchSharp.torch;

namespace Sweeps.Models.Methods.Adapters;

/// <summary>
/// Modules that are trained in full beside the adapters: PEFT's modules_to_save. As PEFT does, the weights they had before
/// are kept, for the base model's own output.
/// </summary>
internal sealed class SavedModules : IDisposable
{
    private readonly List<(NamedParameter Weight, Tensor Original)> entries;
    private bool swapped;

    private SavedModules(IEnumerable<NamedParameter> weights)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        entries = [.. weights.Select(weight => (weight, weight.Value.detach().clone().DetachFromDisposeScope()))];
    }

    /// <summary>The weights, those of the model first.</summary>
    public IReadOnlyList<NamedParameter> Weights => [.. entries.Select(entry => entry.Weight)];

    /// <summary>Finds the modules; the head's are always among them.</summary>
    /// <exception cref="ArgumentException">A name means no module, or one that cannot be trained so.</exception>
    public static SavedModules Find(Transformer model, IReadOnlyList<NamedParameter> head, IReadOnlyList<string> names)
    {
        var found = new List<NamedParameter>();
        foreach (var name in names.Where(name => !head.Any(weight => IsPartOf(weight.Name, name))))
        {
            var weights = model.Parameters.Where(weight => IsPartOf(weight.Name, name)).ToList();
            if (weights.Count == 0)
            {
                throw new ArgumentException(
                    $"modules_to_save '{name}' names no module of {model.ModelType}; known, for example: "
                    + string.Join(", ", model.Parameters.Select(ModuleEnd).Distinct().Order(StringComparer.Ordinal)));
            }

            if (weights.Find(weight => weight.IsPacked) is { } packed)
            {
                throw new ArgumentException(
                    $"modules_to_save '{name}': {packed.Name} is held in 4 bits and cannot be trained; leave it out, or use a "
                    + "base that is not quantised");
            }

            if (model.OutputEmbedding is { Layer: NamedParameter.EmbeddingLayer } tied && weights.Contains(tied))
            {
                throw new ArgumentException(
                    $"modules_to_save '{name}': {tied.Name} is also the output head of this model, so that a trained copy for one "
                    + "of the two cannot be saved; leave it out, or use method full");
            }

            found.AddRange(weights.Except(found));
        }

        return new SavedModules(found.Concat(head));
    }

    /// <summary>Puts the weights as they were before training in the place of the trained ones, or back.</summary>
    public void UseOriginals(bool on)
    {
        if (on == swapped)
        {
            return;
        }

        swapped = on;
        using var off = no_grad();
        foreach (var (weight, original) in entries)
        {
            using var held = weight.Value.detach().clone();
            weight.Value.copy_(original);
            original.copy_(held);
        }
    }

    public void Dispose() => entries.ForEach(entry => entry.Original.Dispose());

    /// <summary>Whether a weight belongs to a module of that name or end of a name, at any depth below it.</summary>
    private static bool IsPartOf(string weight, string module)
    {
        for (var dot = weight.LastIndexOf('.'); dot > 0; dot = weight.LastIndexOf('.', dot - 1))
        {
            if (TargetSelection.Matches(weight[..dot], module))
            {
                return true;
            }
        }

        return false;
    }

    private static string ModuleEnd(NamedParameter weight) => weight.Name.Split('.') is [.., var module, _] ? module : weight.Name;
}
