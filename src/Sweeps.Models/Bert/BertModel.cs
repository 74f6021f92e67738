using System.Text.RegularExpressions;
using Sweeps.Models.Heads;
using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models.Bert;

/// <summary>BERT's encoder with its pooler. Source: modeling_bert.py, BertModel.</summary>
internal sealed partial class BertModel : BertEncoder
{
    private readonly Linear pooler;

    public BertModel(BertConfig config, WeightBinder weights)
        : base(config, BertFamily.Prefix)
    {
        Words = Table("word_embeddings", config.Vocabulary, weights);
        PositionTable = Table("position_embeddings", config.MaxPositions, weights);
        Types = Table("token_type_embeddings", config.TokenTypes, weights);
        EmbeddingNorm = Norm("embeddings.LayerNorm", NamedParameter.EmbeddingLayer, weights);
        BuildBlocks(weights);
        pooler = Project(
            "bert.pooler.dense", NamedParameter.TopLayer, config.Hidden, config.Hidden, weights, mayBeNew: true);
        weights.Complete(Buffers(), OtherTasks());
    }

    public override string ModelType => BertFamily.Type;

    /// <summary>tanh of a dense layer on the first tokens.</summary>
    public override Tensor Pooled(Tensor vectors, HeadPooling pooling, DropoutContext dropout) =>
        pooling == HeadPooling.Pooled ? pooler.Forward(vectors, dropout).tanh() : vectors;

    protected override Tensor PositionRows(TokenBatch batch) => PositionTable.Value.narrow(0, 0, batch.Length);

    [GeneratedRegex(@"embeddings\.position_ids$")]
    private static partial Regex Buffers();

    [GeneratedRegex(@"^(classifier|cls|qa_outputs)\.")]
    private static partial Regex OtherTasks();
}
