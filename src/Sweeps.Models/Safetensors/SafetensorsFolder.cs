using System.Text.Json;
using static TorchSharp.torch;

namespace Sweeps.Models.Safetensors;

/// <summary>
/// The weights of a model folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> names.
/// </summary>
public sealed class SafetensorsFolder : IDisposable
{
    private const string SingleFile = "model.safetensors";
    private const string Index = "model.safetensors.index.json";
    private const long LongestIndex = 64 << 20;

    private readonly Dictionary<string, SafetensorsFile> fileOf = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> files = [];

    private SafetensorsFolder(string path)
    {
        Path = path;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Names of all tensors.</summary>
    public IReadOnlyCollection<string> Names => fileOf.Keys;

    /// <summary>The files in use.</summary>
    public IReadOnlyList<SafetensorsFile> Files => files;

    /// <summary>Opens every file of the folder and checks headers and index against each other.</summary>
    /// <exception cref="SafetensorsException">No weights, or a broken file or index.</exception>
    public static SafetensorsFolder Open(string path)
    {
        var folder = new SafetensorsFolder(path);
        try
        {
            var single = System.IO.Path.Combine(path, SingleFile);
            var index = System.IO.Path.Combine(path, Index);
            if (File.Exists(single))
            {
                folder.Add(SafetensorsFile.Open(single), null);
            }
            else if (File.Exists(index))
            {
                folder.AddShards(index);
            }
            else
            {
                throw new SafetensorsException(path, $"holds neither {SingleFile} nor {Index}: download the model with its weights (pickled ones, *.bin, are never read: save them with safe_serialization=True)");
            }

            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Opens one file as if it were a folder's only one.</summary>
    /// <exception cref="SafetensorsException">A broken file.</exception>
    public static SafetensorsFolder OpenFile(string path)
    {
        var folder = new SafetensorsFolder(path);
        folder.Add(SafetensorsFile.Open(path), null);
        return folder;
    }

    /// <summary>What the files say about a tensor, null when there is none of that name.</summary>
    public SafetensorsEntry? Find(string name) => fileOf.TryGetValue(name, out var file) ? file.Tensors[name] : null;

    /// <summary>Copies a tensor out as <see cref="SafetensorsFile.Read"/> does.</summary>
    public Tensor Read(string name, ScalarType? type = null) =>
        fileOf.TryGetValue(name, out var file)
            ? file.Read(name, type)
            : throw new SafetensorsException(Path, $"has no tensor '{name}'");

    /// <inheritdoc />
    public void Dispose() => files.ForEach(file => file.Dispose());

    private void AddShards(string index)
    {
        var shards = ReadIndex(index).ToLookup(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
        foreach (var shard in shards.OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            if (shard.Key.AsSpan().IndexOfAny('/', '\\') >= 0 || !shard.Key.EndsWith(".safetensors", StringComparison.Ordinal))
            {
                throw new SafetensorsException(index, $"names '{shard.Key}'; a shard is a .safetensors file in the same folder");
            }

            var expected = shard.ToHashSet(StringComparer.Ordinal);
            Add(SafetensorsFile.Open(System.IO.Path.Combine(Path, shard.Key)), expected);
        }
    }

    private void Add(SafetensorsFile file, HashSet<string>? expected)
    {
        files.Add(file);
        foreach (var name in file.Tensors.Keys)
        {
            if (expected is not null && !expected.Remove(name))
            {
                throw new SafetensorsException(file.Path, $"holds tensor '{name}', which the index does not place there");
            }

            fileOf.Add(name, file);
        }

        if (expected is { Count: > 0 })
        {
            throw new SafetensorsException(file.Path, $"lacks tensor '{expected.First()}', which the index places there");
        }
    }

    private static Dictionary<string, string> ReadIndex(string index)
    {
        if (new FileInfo(index).Length > LongestIndex)
        {
            throw new SafetensorsException(index, $"is larger than {LongestIndex} bytes");
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(index), new JsonDocumentOptions { MaxDepth = 8 });
            var map = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in json.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                if (!map.TryAdd(entry.Name, entry.Value.GetString() ?? ""))
                {
                    throw new SafetensorsException(index, $"lists tensor '{entry.Name}' twice");
                }
            }

            return map;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new SafetensorsException(index, $"is not an index with a weight_map of strings: {error.Message}", error);
        }
    }
}
