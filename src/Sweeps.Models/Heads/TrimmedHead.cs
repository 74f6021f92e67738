using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>
/// The vocabulary projection cut down to one row a label, as a weight of its own that is trained: what the model knows of
/// the labels' words is where training starts. Reads the last attended token. For decoders; its weight has the name and
/// shape of a sequence classifier's <c>score</c>, so that it is saved and loaded as one.
/// </summary>
public sealed class TrimmedHead : ClassifierHead
{
    /// <summary>Name of its weight.</summary>
    public const string WeightName = "score.weight";

    private readonly NamedParameter weight;

    /// <summary>Copies rows of the projection.</summary>
    /// <param name="model">A decoder.</param>
    /// <param name="rows">The token whose row each label gets, label by label: two or more, all different.</param>
    /// <param name="options">Where the weight lives.</param>
    /// <exception cref="ArgumentException">The model is an encoder, or the rows are equal or outside its vocabulary.</exception>
    public TrimmedHead(Transformer model, IReadOnlyList<long> rows, LoadOptions options)
    {
        if (!model.IsDecoder)
        {
            throw new ArgumentException($"head trimmed needs a decoder; {model.ModelType} is an encoder: use head linear");
        }

        if (rows.Count < 2 || rows.Distinct().Count() != rows.Count || rows.Any(row => row < 0 || row >= model.VocabularySize))
        {
            throw new ArgumentException(
                $"head trimmed needs two or more different rows below {model.VocabularySize}, one a label; found {string.Join(", ", rows)}. "
                + "Labels that share their first token need other label_texts, or trim: first-rows");
        }

        using var scope = NewDisposeScope();
        using var off = no_grad();
        var source = model.RequireOutput().Value;
        var value = source.index_select(0, tensor([.. rows]).to(source.device)).to(options.Type, options.Device);
        weight = new NamedParameter(WeightName, NamedParameter.TopLayer, value.DetachFromDisposeScope());
        Parameters = [weight];
        LabelCount = rows.Count;
    }

    /// <inheritdoc />
    public override bool ReadsNextToken => true;

    /// <inheritdoc />
    public override int LabelCount { get; }

    /// <inheritdoc />
    public override IReadOnlyList<NamedParameter> Parameters { get; }

    /// <inheritdoc />
    public override long[] Positions(Transformer model, TokenBatch batch) => batch.LastAttended();

    /// <inheritdoc />
    protected override Tensor Score(Transformer model, Tensor rows, DropoutContext dropout) =>
        nn.functional.linear(rows, weight.Value);
}
