using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sweeps.Core.Spec;

/// <summary>The texts of a label: one or several. As JSON a text or a list of texts.</summary>
/// <param name="Texts">At least one; the first is the one that is learnt.</param>
[JsonConverter(typeof(Converter))]
public sealed record LabelText(IReadOnlyList<string> Texts)
{
    /// <summary>A label with one text.</summary>
    public LabelText(string text)
        : this([text])
    {
    }

    /// <summary>The text that is learnt.</summary>
    public string First => Texts[0];

    /// <inheritdoc/>
    public bool Equals(LabelText? other) => other is not null && Texts.SequenceEqual(other.Texts, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => Texts.Aggregate(0, (hash, text) => HashCode.Combine(hash, text));

    /// <inheritdoc/>
    public override string ToString() => string.Join(" | ", Texts);

    // Trials of earlier versions have one text a label.
    private sealed class Converter : JsonConverter<LabelText>
    {
        public override LabelText Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                return new LabelText(reader.GetString()!);
            }

            var texts = JsonSerializer.Deserialize<List<string>>(ref reader, options);
            return texts is { Count: > 0 } ? new LabelText(texts) : throw new JsonException("a label has no text");
        }

        public override void Write(Utf8JsonWriter writer, LabelText value, JsonSerializerOptions options)
        {
            if (value.Texts.Count == 1)
            {
                writer.WriteStringValue(value.First);
                return;
            }

            JsonSerializer.Serialize(writer, value.Texts, options);
        }
    }
}
