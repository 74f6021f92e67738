using System.Text.Json;

namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>
/// Loads a SentencePiece model file of a Hugging Face folder with the special tokens that the model's family puts around a
/// text. T5: the text and &lt;/s&gt;, 100 tokens &lt;extra_id_N&gt; behind the pieces. DeBERTa-v2 and v3: [CLS] text [SEP].
/// Others: what <c>add_bos_token</c> and <c>add_eos_token</c> of tokenizer_config.json say.
/// </summary>
internal static class SentencePieceLoader
{
    private static readonly string[] Names = ["spiece.model", "spm.model", "tokenizer.model", "sentencepiece.bpe.model"];

    /// <summary>The model file of a folder, or null.</summary>
    public static string? Find(string folder) => Names.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <exception cref="DataException">A file is damaged, or the family's special tokens are not known.</exception>
    public static ITokenizer Load(string file, string folder)
    {
        SentencePieceModel model = SentencePieceReader.Read(file);
        Dictionary<string, int> ids = new(model.Pieces.Count, StringComparer.Ordinal);
        foreach ((int id, Piece piece) in model.Pieces.Index())
        {
            if (!ids.TryAdd(piece.Text, id))
            {
                throw new DataException(file, null, $"the piece '{piece.Text}' is there twice", "Take the file from the model's source again");
            }
        }

        SentencePieceFolder settings = SentencePieceFolder.Read(folder, file);
        List<AddedToken> added = settings.Added(ids);
        Vocabulary vocabulary = new(ids, added, file);
        return new SentencePieceTokenizer(vocabulary, new AddedTokens(added), settings.Special(vocabulary, model.UnknownId, file), model);
    }
}
