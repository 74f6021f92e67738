using System.Text.Json;

namespace Sweeps.Data.Tokenizers;

/// <summary>Reads the small JSON files of a tokenizer folder, bounded in size and depth.</summary>
internal static class TokenizerFolder
{
    public const long MaxTokenizerBytes = 64L << 20;
    public const int MaxDepth = 64;

    /// <summary>Reads a JSON object.</summary>
    /// <exception cref="DataException">Unreadable, too large, not JSON, or not an object.</exception>
    public static JsonDocument ReadJson(string file)
    {
        byte[] bytes = ReadBytes(file);
        try
        {
            ReadOnlyMemory<byte> content = bytes is [0xEF, 0xBB, 0xBF, ..] ? bytes.AsMemory(3) : bytes;
            JsonDocument document = JsonDocument.Parse(content, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            throw new DataException(file, 1, "this is not a JSON object", "Take the file from the model's source again");
        }
        catch (JsonException e)
        {
            int? line = e.LineNumber is { } number ? (int)Math.Min(number + 1, int.MaxValue) : null;
            throw new DataException(file, line, $"this is not valid JSON (or nested deeper than {MaxDepth})", "Take the file from the model's source again", e);
        }
    }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="DataException">Unreadable or too large.</exception>
    public static byte[] ReadBytes(string file)
    {
        try
        {
            long length = new FileInfo(file).Length;
            return length <= MaxTokenizerBytes
                ? File.ReadAllBytes(file)
                : throw new DataException(file, null, $"the file has {length:N0} bytes, the limit is {MaxTokenizerBytes:N0}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(file, null, $"the file cannot be read: {e.Message.TrimEnd('.')}", null, e);
        }
    }

    /// <summary>The names of special tokens in tokenizer_config.json, then special_tokens_map.json; a name may be a string or an object.</summary>
    public static Dictionary<string, string> SpecialNames(string folder)
    {
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        foreach (string name in (string[])["tokenizer_config.json", "special_tokens_map.json"])
        {
            string file = Path.Combine(folder, name);
            if (!File.Exists(file))
            {
                continue;
            }

            using JsonDocument document = ReadJson(file);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                string? content = property.Value.ValueKind switch
                {
                    JsonValueKind.String => property.Value.GetString(),
                    JsonValueKind.Object when property.Value.TryGetProperty("content", out JsonElement inner) && inner.ValueKind == JsonValueKind.String => inner.GetString(),
                    _ => null,
                };
                if (content is not null && property.Name.EndsWith("_token", StringComparison.Ordinal))
                {
                    names.TryAdd(property.Name, content);
                }
            }
        }

        return names;
    }
}
