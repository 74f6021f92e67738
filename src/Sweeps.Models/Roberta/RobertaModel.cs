using System.Text.RegularExpressions;
using Sweeps.Models.Bert;
using Sweeps.Models.Heads;
using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Roberta;

/// <summary>
/// RoBERTa: BERT's blocks, but positions that are counted from the pad id over tokens that are not padding, and a dense
/// layer of the classifier in the place of the pooler. Source: modeling_roberta.py, RobertaForSequenceClassification.
/// </summary>
internal sealed partial class RobertaModel : BertEncoder
{
    private static readonly ulong DenseSite = DropoutContext.Site("classifier.dense");

    private readonly NamedParameter denseWeight;
    private readonly NamedParameter denseBias;

    public RobertaModel(BertConfig config, WeightBinder weights)
        : base(config, RobertaFamily.Prefix)
    {
        Words = Table("word_embeddings", config.Vocabulary, weights);
        Types = Table("token_type_embeddings", config.TokenTypes, weights);
        EmbeddingNorm = Norm("embeddings.LayerNorm", NamedParameter.EmbeddingLayer, weights);
        PositionTable = Table("position_embeddings", config.MaxPositions, weights);
        BuildBlocks(weights);
        var normal = Initial.Normal(config.InitializerRange);
        denseWeight = weights.Bind(
            "classifier.dense.weight", NamedParameter.TopLayer, normal, true, config.Hidden, config.Hidden);
        denseBias = weights.Bind("classifier.dense.bias", NamedParameter.TopLayer, Initial.Zero, true, config.Hidden);
        weights.Complete(Buffers(), OtherTasks());
    }

    public override string ModelType => RobertaFamily.Type;

    public override int MaxPositions => RobertaConfig.MaxPositions(Config);

    public override string ClassifierName => "classifier.out_proj";

    public override IReadOnlyList<NamedParameter> ClassifierParameters => [denseWeight, denseBias];

    /// <summary>tanh of a dense layer, with dropout before it, on the first tokens.</summary>
    public override Tensor Pooled(Tensor vectors, HeadPooling pooling, DropoutContext dropout) =>
        pooling == HeadPooling.Pooled
            ? functional.linear(dropout.Apply(vectors, ClassifierDropout, DenseSite), denseWeight.Value, denseBias.Value).tanh()
            : vectors;

    /// <summary>As with PyTorch's padding_idx, the pads' row is used but gets no gradient.</summary>
    protected override Tensor PositionRows(TokenBatch batch)
    {
        var places = batch.Derived("roberta positions", () => tensor(CountPositions(batch), [batch.Rows * batch.Length]));
        var rows = PositionTable.Value.index_select(0, places);
        if (rows.requires_grad && batch.Ids.Contains(Config.PadTokenId!.Value))
        {
            rows = where(places.eq(Config.PadTokenId.Value).unsqueeze(1), rows.detach(), rows);
        }

        return rows.view(batch.Rows, batch.Length, Config.Hidden);
    }

    protected override void Dispose(bool disposing)
    {
        denseWeight.Value.Dispose();
        denseBias.Value.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>pad + 1, pad + 2, ... over tokens that are not the pad id, whatever the mask says; pad at the others.</summary>
    private long[] CountPositions(TokenBatch batch)
    {
        var pad = Config.PadTokenId!.Value;
        var positions = new long[batch.Ids.Length];
        for (var row = 0; row < batch.Rows; row++)
        {
            var last = pad;
            for (var at = row * batch.Length; at < (row + 1) * batch.Length; at++)
            {
                positions[at] = batch.Ids[at] == pad ? pad : ++last;
            }
        }

        return positions;
    }

    [GeneratedRegex(@"embeddings\.position_ids$")]
    private static partial Regex Buffers();

    [GeneratedRegex(@"^(classifier\.out_proj|roberta\.pooler|lm_head|qa_outputs|classifier\.(weight|bias)$)")]
    private static partial Regex OtherTasks();
}
