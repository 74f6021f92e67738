using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sweeps.Tests.Data.Tokenizers;

/// <summary>Reference tokenisations by the Hugging Face libraries.</summary>
internal sealed record GoldenTokens(
    [property: JsonPropertyName("cases")] GoldenTokens.Case[] Cases,
    [property: JsonPropertyName("extra_cases")] GoldenTokens.Case[]? ExtraCases,
    [property: JsonPropertyName("truncated_to_8")] GoldenTokens.Case[]? TruncatedTo8)
{
    public static GoldenTokens Load(string name) =>
        JsonSerializer.Deserialize<GoldenTokens>(File.ReadAllText(SharedFiles.Require($"golden/{name}.json")))!;

    internal sealed record Case(
        [property: JsonPropertyName("text")] string Text,
        [property: JsonPropertyName("ids")] int[] Ids,
        [property: JsonPropertyName("ids_nospecial")] int[]? IdsWithoutSpecial,
        [property: JsonPropertyName("decoded")] string? Decoded,
        [property: JsonPropertyName("tokens")] string[]? Tokens,
        [property: JsonPropertyName("offsets_utf16")] int[][]? Offsets);
}
