using System.Text.Json;
using System.Text.Json.Serialization;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Tests.Data.Tokenizers;

/// <summary>Reference tokenisations by the Hugging Face libraries.</summary>
internal sealed record GoldenTokens(
    [property: JsonPropertyName("cases")] GoldenTokens.Case[] Cases,
    [property: JsonPropertyName("extra_cases")] GoldenTokens.Case[]? ExtraCases,
    [property: JsonPropertyName("truncated_to_8")] GoldenTokens.Case[]? TruncatedTo8,
    [property: JsonPropertyName("pairs")] GoldenTokens.Pair[]? Pairs)
{
    public static GoldenTokens Load(string name) =>
        JsonSerializer.Deserialize<GoldenTokens>(File.ReadAllText(SharedFiles.Require($"golden/{name}.json")))!;

    internal sealed record Case(
        [property: JsonPropertyName("text")] string Text,
        [property: JsonPropertyName("ids")] int[] Ids,
        [property: JsonPropertyName("ids_nospecial")] int[]? IdsWithoutSpecial,
        [property: JsonPropertyName("decoded")] string? Decoded,
        [property: JsonPropertyName("decoded_with_special")] string? DecodedWithSpecial,
        [property: JsonPropertyName("tokens")] string[]? Tokens,
        [property: JsonPropertyName("pieces")] string[]? Pieces,
        [property: JsonPropertyName("offsets")] int[][]? CodePointOffsets,
        [property: JsonPropertyName("offsets_utf16")] int[][]? Offsets);

    internal sealed record Pair(
        [property: JsonPropertyName("a")] string First,
        [property: JsonPropertyName("b")] string Second,
        [property: JsonPropertyName("max_length")] int? MaxLength,
        [property: JsonPropertyName("ids")] int[] Ids,
        [property: JsonPropertyName("token_type_ids")] int[] TypeIds)
    {
        /// <summary>What a tokenizer gives otherwise, or null.</summary>
        public string? Difference(ITokenizer tokenizer)
        {
            PairEncoding actual = tokenizer.EncodePair(First, Second, MaxLength);
            return actual.Ids.AsSpan().SequenceEqual(Ids) && actual.TypeIds.AsSpan().SequenceEqual(TypeIds)
                ? null
                : $"{First} | {Second}: {string.Join(' ', actual.Ids)} but {string.Join(' ', Ids)}";
        }
    }
}
