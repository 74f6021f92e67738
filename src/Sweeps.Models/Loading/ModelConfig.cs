using System.Text.Json;

namespace Sweeps.Models.Loading;

/// <summary>Reads fields of a config.json and names file and field when one is missing or wrong.</summary>
public sealed class ModelConfig
{
    private const long LongestFile = 16 << 20;

    private readonly JsonElement root;

    private ModelConfig(string source, JsonElement root)
    {
        Source = source;
        this.root = root;
    }

    /// <summary>Path of the file, for messages.</summary>
    public string Source { get; }

    /// <summary>The field <c>model_type</c>.</summary>
    public string ModelType => Text("model_type");

    /// <summary>Reads <c>config.json</c> of a model folder.</summary>
    /// <exception cref="ModelLoadException">Missing, too large, or not a JSON object.</exception>
    public static ModelConfig Read(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > LongestFile)
        {
            throw new ModelLoadException($"{path}: missing, or larger than {LongestFile} bytes; a model folder holds "
                + "config.json beside its weights, as Hugging Face saves it");
        }

        return Parse(path, File.ReadAllText(path));
    }

    /// <summary>Reads the text of a config.json; <paramref name="source"/> stands in messages.</summary>
    /// <exception cref="ModelLoadException">Not a JSON object.</exception>
    public static ModelConfig Parse(string source, string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 32 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ModelConfig(source, document.RootElement.Clone())
                : throw new ModelLoadException($"{source}: is not a JSON object");
        }
        catch (JsonException error)
        {
            throw new ModelLoadException($"{source}: is not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>Whether a field is present and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>Whether a field is present, be it null.</summary>
    public bool Contains(string name) => root.TryGetProperty(name, out _);

    /// <summary>A whole number from <paramref name="least"/> up.</summary>
    public int Whole(string name, int? otherwise = null, int least = 1)
    {
        var value = Find(name);
        if (value is null && otherwise is not null)
        {
            return otherwise.Value;
        }

        return value is { ValueKind: JsonValueKind.Number } && value.Value.TryGetInt32(out var number) && number >= least
            ? number
            : throw Fault(name, $"a whole number of at least {least}");
    }

    /// <summary>A whole number, or null when absent; of a list the first.</summary>
    public long? WholeOrNull(string name)
    {
        var value = Find(name);
        if (value is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0)
        {
            value = list[0];
        }

        return value is { ValueKind: JsonValueKind.Number } && value.Value.TryGetInt64(out var number) ? number : null;
    }

    /// <summary>The field <c>pad_token_id</c>, or null when absent.</summary>
    /// <param name="vocabulary">How many tokens there are: the id is below.</param>
    public long? PadTokenId(int vocabulary)
    {
        var pad = WholeOrNull("pad_token_id");
        return pad is null or >= 0 && pad.GetValueOrDefault() < vocabulary
            ? pad
            : throw Fault("pad_token_id", $"a token id below vocab_size, {vocabulary}, or null where there is no padding token");
    }

    /// <summary>A finite number.</summary>
    public double Number(string name, double? otherwise = null)
    {
        var value = Find(name);
        if (value is null && otherwise is not null)
        {
            return otherwise.Value;
        }

        return value is { ValueKind: JsonValueKind.Number } && double.IsFinite(value.Value.GetDouble())
            ? value.Value.GetDouble()
            : throw Fault(name, "a number");
    }

    /// <summary>A dropout probability: at least 0 and below 1.</summary>
    public double Probability(string name, double otherwise)
    {
        var value = Number(name, otherwise);
        return value is >= 0 and < 1 ? value : throw Fault(name, "at least 0 and below 1");
    }

    /// <summary>A text.</summary>
    public string Text(string name, string? otherwise = null) =>
        Find(name) is { } value
            ? value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Fault(name, "a text")
            : otherwise ?? throw Fault(name, "a text");

    /// <summary>Whether a field is a text.</summary>
    public bool IsText(string name) => Find(name) is { ValueKind: JsonValueKind.String };

    /// <summary>true or false.</summary>
    public bool Flag(string name, bool otherwise) =>
        Find(name) is { } value
            ? value.ValueKind switch
            {
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                _ => throw Fault(name, "true or false"),
            }
            : otherwise;

    /// <summary>A list of texts, null when absent.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(element => element.GetString()!)]
            : throw Fault(name, "a list of texts");
    }

    /// <summary>An inner object, null when absent.</summary>
    public ModelConfig? Inner(string name) =>
        Find(name) is { } value
            ? value.ValueKind == JsonValueKind.Object
                ? new ModelConfig($"{Source}, {name}", value)
                : throw Fault(name, "an object")
            : null;

    /// <summary>The exception for a field whose value is not allowed.</summary>
    public ModelLoadException Fault(string name, string allowed)
    {
        var found = root.TryGetProperty(name, out var value) ? value.GetRawText() : "nothing";
        return new ModelLoadException(
            $"{Source}: {name} must be {allowed}; found {(found.Length > 80 ? found[..80] + "..." : found)}");
    }

    private JsonElement? Find(string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
