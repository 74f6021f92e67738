using Sweeps.Models.Bert;
using Sweeps.Models.Loading;

namespace Sweeps.Models.Roberta;

/// <summary>What RoBERTa needs of config.json: BERT's fields, and a pad id. Source: configuration_roberta.py.</summary>
internal static class RobertaConfig
{
    public static BertConfig Read(ModelConfig config)
    {
        var fields = BertConfig.Read(config);
        var pad = config.WholeOrNull("pad_token_id") ?? 1;
        if (pad < 0 || pad + 1 >= fields.MaxPositions || pad >= fields.Vocabulary)
        {
            throw config.Fault(
                "pad_token_id", "a token id below vocab_size and max_position_embeddings - 1: positions are counted from it");
        }

        return fields with { PadTokenId = pad };
    }

    /// <summary>Longest text: the first token stands at position pad + 1.</summary>
    public static int MaxPositions(BertConfig config) => config.MaxPositions - (int)config.PadTokenId!.Value - 1;
}
