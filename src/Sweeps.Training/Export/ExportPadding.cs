using System.Text.Json.Nodes;
using Sweeps.Data.Tokenizers;
using Sweeps.Models;

namespace Sweeps.Training.Export;

/// <summary>
/// What the files of an exported decoder say of padding. Transformers' classifiers take the last token that is not
/// config.json's <c>pad_token_id</c> for the end of a text, so the tokenizer must pad with that very token.
/// </summary>
internal static class ExportPadding
{
    /// <summary>Both name the padding token by its text; the second one wins where Transformers reads it.</summary>
    private static readonly string[] Files = ["tokenizer_config.json", "special_tokens_map.json"];

    /// <summary>
    /// The id that config.json and tokenizer agree on: the base's own, unless its tokenizer has no such token; then what the
    /// tokenizer pads with, or its end token, as is usual.
    /// </summary>
    public static int Id(Transformer body, ITokenizer tokenizer) =>
        body.PadTokenId is { } pad && tokenizer.TokenOf((int)pad) is not null ? (int)pad : tokenizer.PadId ?? tokenizer.EosId ?? 0;

    /// <summary>Makes the tokenizer's files in a folder name that token.</summary>
    public static void Write(Transformer body, ITokenizer tokenizer, string folder)
    {
        var id = Id(body, tokenizer);
        if (tokenizer.PadId == id || tokenizer.TokenOf(id) is not { } token)
        {
            return;
        }

        foreach (var name in Files)
        {
            var path = Path.Combine(folder, name);
            if (File.Exists(path) && JsonNode.Parse(File.ReadAllText(path)) is JsonObject file)
            {
                file["pad_token"] = token;
                ModelExporter.WriteJson(path, file);
            }
        }
    }
}
