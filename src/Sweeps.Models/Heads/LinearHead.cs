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
public class LinearHead : ClassifierHead
{
    private static readonly ulong DropoutSite = DropoutContext.Site("classifier");

    private readonly NamedParameter weight;
    private readonly NamedParameter? bias;

    /// <summary>Makes a head for <paramref name="model"/>.</summary>
    /// <param name="model">Decides the kind of head.</param>
    /// <param name="labelCount">At least 2.</param>
    /// <param name="options">Type, device, seed of new weights, and the log line about them.</param>
    /// <param name="folder">Holds the head's weights, unless it lacks them; null draws new ones.</param>
    /// <param name="pooling">What the head reads; null is what the family's classifiers do.</param>
    /// <exception cref="ModelLoadException">The folder's head is for another number of labels.</exception>
    /// <exception cref="ArgumentException">The pooling is not for this kind of model.</exception>
    public LinearHead(
        Transformer model, int labelCount, LoadOptions options, SafetensorsFolder? folder = null, HeadPooling? pooling = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(labelCount, 2);
        LabelCount = labelCount;
        Pooling = pooling ?? model.UsualPooling;
        if (model.IsDecoder != (Pooling == HeadPooling.Last))
        {
            throw new ArgumentException(model.IsDecoder
                ? $"{model.ModelType} is a decoder: its linear head reads the last token; pooling cls, pooled and mean are for encoders"
                : $"{model.ModelType} is an encoder: pooling must be cls, pooled or mean; the last token is for decoders");
        }

        if (Pooling == HeadPooling.Pooled && model is EncoderDecoder)
        {
            throw new ArgumentException($"{model.ModelType} has no pooler: pooling must be cls or mean");
        }

        var name = model.ClassifierName;
        weight = Bind($"{name}.weight", Initial.Normal(model.InitializerRange), options, folder, labelCount, model.HiddenSize);
        bias = model.IsDecoder ? null : Bind($"{name}.bias", Initial.Zero, options, folder, labelCount);
        Parameters =
        [
            .. Pooling == HeadPooling.Pooled ? model.ClassifierParameters : [],
            weight,
            .. bias is null ? (NamedParameter[])[] : [bias],
        ];
    }

    /// <inheritdoc />
    public override int LabelCount { get; }

    /// <summary>What the head reads.</summary>
    public HeadPooling Pooling { get; }

    /// <inheritdoc />
    public override IReadOnlyList<NamedParameter> Parameters { get; }

    /// <inheritdoc />
    public override long[] Positions(Transformer model, TokenBatch batch) => Pooling switch
    {
        // Transformers goes by the padding's id; a base that names none is padded by the attention mask's word.
        HeadPooling.Last => model.PadTokenId is null ? batch.LastAttended() : batch.LastTokens(model.PadTokenId),
        HeadPooling.Mean => throw new NotSupportedException("a head with mean pooling reads every token of a text"),
        _ => batch.FirstTokens(),
    };

    /// <inheritdoc />
    public override Tensor Hidden(Transformer model, Tensor hidden, int from, TokenBatch batch, DropoutContext dropout) =>
        Pooling == HeadPooling.Mean
            ? MeanPooling.Of(model.Finish(model.RunBlocks(hidden, batch, from, model.LayerCount, dropout)), batch)
            : base.Hidden(model, hidden, from, batch, dropout);

    private protected override Tensor RowsOf(Transformer model, Tensor hidden, TokenBatch batch) =>
        Pooling == HeadPooling.Mean && hidden.dim() == 3 ? MeanPooling.Of(hidden, batch) : base.RowsOf(model, hidden, batch);

    /// <inheritdoc />
    protected override Tensor Score(Transformer model, Tensor rows, DropoutContext dropout)
    {
        var read = dropout.Apply(model.Pooled(rows, Pooling, dropout), model.ClassifierDropout, DropoutSite);
        return nn.functional.linear(read, weight.Value, bias?.Value!);
    }

    /// <summary>Without those that the model holds.</summary>
    private protected override IEnumerable<NamedParameter> Owned => bias is null ? [weight] : [weight, bias];

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
