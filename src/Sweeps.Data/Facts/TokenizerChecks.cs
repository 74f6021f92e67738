using Sweeps.Data.Tokenizers;

namespace Sweeps.Data.Facts;

/// <summary>Whether a tokenizer belongs to a base model: its ids must be rows of the model's embedding table.</summary>
public static class TokenizerChecks
{
    /// <summary>Refuses a tokenizer of another model.</summary>
    /// <param name="tokenizer">The tokenizer of the base model's folder.</param>
    /// <param name="embeddingRows">Rows of the embedding table (vocab_size of config.json).</param>
    /// <param name="folder">The base model's folder, for the message.</param>
    /// <param name="configured">Ids of special tokens by their field in config.json; null: it names none.</param>
    /// <remarks>
    /// A table may have more rows than there are ids. Added tokens may lie beyond it (Gemma 3's text models have no row for
    /// the token of an image): a text that has one written out in it is refused by <see cref="CheckIds"/>.
    /// </remarks>
    /// <exception cref="DataException">
    /// A token of the vocabulary, or one that stands around texts, has no row; fewer than half of the rows have a token (tables
    /// are padded by far less); or a special token of config.json is an ordinary word here.
    /// </exception>
    public static void CheckBase(ITokenizer tokenizer, int embeddingRows, string folder, IReadOnlyDictionary<string, int>? configured = null)
    {
        const string Fix = "Put the tokenizer files that came with the weights into the folder";
        (string Name, int? Id)[] named =
        [
            ("bos_token", tokenizer.BosId), ("eos_token", tokenizer.EosId), ("pad_token", tokenizer.PadId),
            ("unk_token", tokenizer.UnkId), ("cls_token", tokenizer.ClsId), ("sep_token", tokenizer.SepId),
            .. tokenizer.Prefix.Concat(tokenizer.Suffix).Select(static id => ("token around every text", (int?)id)),
        ];
        foreach ((string name, int? id) in named)
        {
            if (id >= embeddingRows)
            {
                throw new DataException(folder, null, $"the tokenizer does not belong to this base model: its {name} '{tokenizer.TokenOf(id.Value)}' has id {id}, the model has {embeddingRows:N0} embeddings", Fix);
            }
        }

        int beyond = Enumerable.Range(0, tokenizer.VocabularySize).Skip(embeddingRows).Count(id => tokenizer.TokenOf(id) is not null && !tokenizer.IsAdded(id));
        if (beyond > 0)
        {
            throw new DataException(folder, null, $"the tokenizer does not belong to this base model: {beyond:N0} tokens of its vocabulary of {tokenizer.VocabularySize:N0} have no row among the model's {embeddingRows:N0} embeddings", Fix);
        }

        int known = Enumerable.Range(0, Math.Min(tokenizer.VocabularySize, embeddingRows)).Count(id => tokenizer.TokenOf(id) is not null);
        if (known < embeddingRows / 2)
        {
            throw new DataException(folder, null, $"the tokenizer does not belong to this base model: it knows {known:N0} tokens, the model has {embeddingRows:N0} embeddings", Fix);
        }

        foreach ((string field, int id) in configured ?? new Dictionary<string, int>())
        {
            string? token = tokenizer.TokenOf(id);
            if (!tokenizer.IsAdded(id) && !Array.Exists(named, own => own.Id == id) && token is not ['<', .., '>'])
            {
                // A control piece of a SentencePiece model, as <s>, may stand in no list of special tokens.
                throw new DataException(folder, null, $"the tokenizer does not belong to this base model: config.json says {field} {id}, which is {(token is null ? "no token" : $"the ordinary token '{token}'")} of this tokenizer", Fix);
            }
        }
    }

    /// <summary>Refuses rows with a token that the model has no embedding for.</summary>
    /// <param name="tokenizer">What made them.</param>
    /// <param name="rows">Token ids.</param>
    /// <param name="embeddingRows">Rows of the embedding table.</param>
    /// <param name="data">What the rows are called in the message.</param>
    /// <exception cref="DataException">There is one; the first is named.</exception>
    public static void CheckIds(ITokenizer tokenizer, IEnumerable<int[]> rows, int embeddingRows, string data)
    {
        foreach ((int index, int[] row) in rows.Index())
        {
            int at = Array.FindIndex(row, id => (uint)id >= (uint)embeddingRows);
            if (at >= 0)
            {
                throw new DataException(data, null, $"row {index + 1} holds the token '{tokenizer.TokenOf(row[at])}' (id {row[at]}), which the base model has no embedding for ({embeddingRows:N0} rows)", "Take it out of the text");
            }
        }
    }
}
