using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Peft;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Methods.Prompts;

/// <summary>
/// Trains one table, a row for each virtual token that stands before every text, on a frozen decoder, and the head in full.
/// The model may be quantised. Source: peft peft_model.py, tuners/prefix_tuning and tuners/prompt_tuning.
/// </summary>
public abstract class VirtualTokens : PeftMethod
{
    /// <summary>Name of the table in a PEFT file.</summary>
    internal const string TableName = "prompt_embeddings";

    private readonly SavedModules saved;

    /// <summary>Makes the table, normal with deviation 1 as PEFT's embedding.</summary>
    private protected VirtualTokens(
        Transformer model, IReadOnlyList<NamedParameter> headParameters, PromptOptions options, string method, long width)
    {
        if (options.VirtualTokens < 1 || options.VirtualTokens >= model.MaxPositions)
        {
            throw new ArgumentException(
                $"virtual_tokens must be from 1 to {model.MaxPositions - 1}, below the longest text of the model; method {method} "
                + $"found {options.VirtualTokens}");
        }

        Model = model;
        HeadParameters = headParameters;
        Count = options.VirtualTokens;
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var device = model.Parameters.First(parameter => !parameter.IsPacked).Value.device;
        var start = Initial.Normal(1).Draw(TableName, options.Seed, [options.VirtualTokens, width]).to(device);
        Table = new NamedParameter(TableName, NamedParameter.EmbeddingLayer, start.DetachFromDisposeScope());
        saved = SavedModules.Find(model, headParameters, []);
        Trainable = [Table, .. headParameters];
        SetGradients(model, Trainable);
    }

    /// <summary>The table, then the head.</summary>
    public override IReadOnlyList<NamedParameter> Trainable { get; }

    /// <summary>Number of virtual tokens.</summary>
    public int Count { get; }

    /// <summary>[virtual tokens, width].</summary>
    internal NamedParameter Table { get; }

    private protected Transformer Model { get; }

    private protected IReadOnlyList<NamedParameter> HeadParameters { get; }

    /// <summary>Takes the virtual tokens away or puts them back: without them, the base model's own output and former head.</summary>
    public void Enable(bool on)
    {
        saved.UseOriginals(!on);
        Place(on ? Table.Value : null);
    }

    /// <inheritdoc />
    public override string SavedName(NamedParameter parameter) =>
        parameter == Table ? TableName : "base_model." + parameter.Name;

    /// <summary>Gives the model its table, or takes it away.</summary>
    private protected abstract void Place(Tensor? table);

    private protected string[]? SavedModuleNames() => HeadParameters.Count > 0 ? ["classifier", "score"] : null;

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        Place(null);
        SetGradients(Model, []);
        Table.Free();
        saved.Dispose();
    }
}
