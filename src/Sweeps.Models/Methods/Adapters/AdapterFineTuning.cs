using Sweeps.Models.Layers;
using Sweeps.Models.Methods.Peft;

namespace Sweeps.Models.Methods.Adapters;

/// <summary>
/// Trains small weights on chosen linear layers of a frozen model, and the head in full. The model may be quantised.
/// </summary>
public abstract class AdapterFineTuning : PeftMethod
{
    private readonly SavedModules saved;
    private IReadOnlyList<LinearAdapter> adapters = [];
    private IReadOnlyList<NamedParameter> trainable = [];
    private bool merged;

    /// <summary>Finds what is trained; the adapters themselves come by <see cref="Attach"/>.</summary>
    private protected AdapterFineTuning(
        Transformer model,
        IReadOnlyList<NamedParameter> headParameters,
        IReadOnlyList<Linear> targets,
        IReadOnlyList<string> modulesToSave)
    {
        Model = model;
        HeadParameters = headParameters;
        Targets = targets;
        saved = SavedModules.Find(model, headParameters, modulesToSave);
        if (saved.Weights.FirstOrDefault(weight => targets.Any(target => target.Weight == weight)) is { } both)
        {
            saved.Dispose();
            throw new ArgumentException(
                $"{both.Name} is named by modules_to_save and by target_modules; take it from one of them");
        }
    }

    /// <summary>Under PEFT's names as in adapter_model.safetensors, then modules_to_save and the head under their own.</summary>
    public sealed override IReadOnlyList<NamedParameter> Trainable => trainable;

    /// <summary>The adapters' weights, without modules_to_save and head.</summary>
    public IReadOnlyList<NamedParameter> AdapterParameters { get; private set; } = [];

    /// <summary>The head's weights, as saved beside the adapters.</summary>
    public IReadOnlyList<NamedParameter> HeadParameters { get; }

    /// <summary>Shortest ends of the names of adapted layers, sorted: PEFT's target_modules.</summary>
    public IReadOnlyList<string> TargetModules => Describe(out _);

    private protected Transformer Model { get; }

    private protected IReadOnlyList<Linear> Targets { get; }

    /// <summary>
    /// Changes the layers' weights so that the model gives the adapted output by itself, and switches the adapters off: for
    /// export. Packed matrices become tensors. Not for further training.
    /// </summary>
    public void Merge() => Fold(merge: true);

    /// <summary>Undoes <see cref="Merge"/>, up to rounding.</summary>
    public void Unmerge() => Fold(merge: false);

    /// <summary>
    /// Switches adapters and trained modules off or on: off gives the base model's own output, with the head that it had before.
    /// </summary>
    public void Enable(bool on)
    {
        saved.UseOriginals(!on);
        Switch(on);
    }

    private protected void Attach(IEnumerable<LinearAdapter> made)
    {
        adapters = [.. made];
        AdapterParameters = [.. adapters.SelectMany(adapter => adapter.Parameters)];
        trainable = [.. AdapterParameters, .. saved.Weights];
        Switch(true);
        SetGradients(Model, trainable);
    }

    private protected IReadOnlyList<string> Describe(out IReadOnlyList<int>? layers) =>

        TargetSelection.Describe(
            Model, Targets, HeadParameters.Select(weight => weight.Name[..weight.Name.LastIndexOf('.')]), out layers);

    /// <summary>PEFT's modules_to_save: those named, and the names that PEFT gives to classifiers' heads.</summary>
    private protected IReadOnlyList<string>? SavedModuleNames(IReadOnlyList<string> named)
    {
        string[] all = [.. named.Concat(HeadParameters.Count > 0 ? ["classifier", "score"] : []).Distinct()];
        return all.Length > 0 ? all : null;
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        SetGradients(Model, []);
        foreach (var adapter in adapters)
        {
            adapter.Target.Adapter = null;
            adapter.Free();
        }

        saved.Dispose();
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
            if (merge)
            {
                adapter.Target.Weight.Unpack();
                adapter.Merge();
            }
            else
            {
                adapter.Unmerge();
            }
        }

        Switch(true);
    }

    private void Switch(bool on)
    {
        foreach (var adapter in adapters)
        {
            adapter.Target.Adapter = on && !merged ? adapter : null;
        }
    }
}
