using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>
/// A linear layer on one vector per text, as Hugging Face's ...ForSequenceClassification: for decoders <c>score</c>
/// without bias on the last token that is not padding; for encoders <c>classifier</c> on the pooled output after dropout.
/// </summary>
public sealed class LinearHead : ClassifierHead
{
    private static readonly ulong DropoutSite = DropoutContext.Site("classifier");

    private readonly NamedParameter weight;
    private readonly NamedParameter? bias;

    /// <summary>Makes a head for <paramref name="model"/>.</summary>
    /// <param name="model">Decides the kind of head.</param>
    /// <param name="labelCount">At least 2.</param>
    /// <param name="options">Type, device, seed of new weights, and the log line about them.</param>
    /// <param name="folder">Holds the head's weights, unless it lacks them; null draws new ones.</param>
    /// <exception cref="ModelLoadException">The folder's head is for another number of labels.</exception>
    public LinearHead(Transformer model, int labelCount, LoadOptions options, SafetensorsFolder? folder = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(labelCount, 2);
        LabelCount = labelCount;
        var name = model.IsDecoder ? "score" : "classifier";
        weight = Bind($"{name}.weight", Initial.Normal(model.InitializerRange), options, folder, labelCount, model.HiddenSize);
        bias = model.IsDecoder ? null : Bind($"{name}.bias", Initial.Zero, options, folder, labelCount);
        Parameters = bias is null ? [weight] : [weight, bias];
    }

    /// <inheritdoc />
    public override int LabelCount { get; }

    /// <inheritdoc />
    public override IReadOnlyList<NamedParameter> Parameters { get; }

    /// <inheritdoc />
    public override long[] Positions(Transformer model, TokenBatch batch) =>
        model.IsDecoder ? batch.LastTokens(model.PadTokenId) : batch.FirstTokens();

    /// <inheritdoc />
    protected override Tensor Score(Transformer model, Tensor rows, DropoutContext dropout)
    {
        var read = model.IsDecoder
            ? rows
            : dropout.Apply(model.Pooled(rows, dropout), model.ClassifierDropout, DropoutSite);
        return nn.functional.linear(read, weight.Value, bias?.Value!);
    }

    private static NamedParameter Bind(
        string name, Initial initial, LoadOptions options, SafetensorsFolder? folder, params long[] shape)
    {
        using var scope = NewDisposeScope();
        var entry = folder?.Find(name);
        if (entry is not null && !entry.Shape.SequenceEqual(shape))
        {
            throw new ModelLoadException(
                $"{folder!.Path}: {name} has shape [{string.Join(", ", entry.Shape)}], the task asks for "
                + $"[{string.Join(", ", shape)}]");
        }

        if (entry is null && folder is not null)
        {
            options.Log($"{folder.Path}: {name} is not in the checkpoint, newly initialised from seed {options.Seed}");
        }

        var value = entry is null
            ? initial.Draw(name, options.Seed, shape).to_type(options.Type)
            : folder!.Read(name, options.Type);
        return new NamedParameter(name, NamedParameter.TopLayer, value.to(options.Device).DetachFromDisposeScope());
    }
}
