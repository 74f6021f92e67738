using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sweeps.Models;

namespace Sweeps.Training.Export.Card;

/// <summary>
/// What a base's generation_config.json means for labels that are written: they are the likeliest next tokens, one after the
/// other, which the file may say otherwise.
/// </summary>
internal static class CardGeneration
{
    /// <summary>Fields of the file that change greedy decoding, with the value at which they do not.</summary>
    private static readonly (string Name, string Neutral)[] Changing =
    [
        ("num_beams", "1"), ("repetition_penalty", "1.0"), ("encoder_repetition_penalty", "1.0"), ("no_repeat_ngram_size", "0"),
        ("encoder_no_repeat_ngram_size", "0"), ("min_length", "0"), ("min_new_tokens", "0"),
    ];

    /// <summary>Whether a text ends at a token.</summary>
    /// <param name="ends">The file's <c>eos_token_id</c>: a number or a list of them.</param>
    /// <param name="token">The token.</param>
    public static bool EndsAt(JsonNode ends, int token) =>
        ends is JsonArray several ? several.Any(end => IsNumber(end, token)) : IsNumber(ends, token);

    /// <summary>Arguments of <c>generate</c> that undo what the file changes and add what it lacks, each with a comma in front.</summary>
    public static string Arguments(CardFacts facts)
    {
        if (facts.Generation is not { } generation)
        {
            return string.Empty;
        }

        var arguments = Changing
            .Where(field => generation[field.Name] is { } value && !IsNumber(value, double.Parse(field.Neutral, CultureInfo.InvariantCulture)))
            .Select(field => $", {field.Name}={field.Neutral}");

        // Where the file is, generate takes nothing of the kind from config.json.
        return string.Concat(facts.Model.Body is EncoderDecoder { DecoderStartTokenId: var start } && generation["decoder_start_token_id"] is null
            ? arguments.Append(string.Create(CultureInfo.InvariantCulture, $", decoder_start_token_id={start}"))
            : arguments);
    }

    private static bool IsNumber(JsonNode? node, double number) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.GetValue<JsonElement>().GetDouble() == number;
}
