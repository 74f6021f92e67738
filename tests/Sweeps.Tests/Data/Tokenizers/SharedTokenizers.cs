using System.Collections.Concurrent;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Tests.Data.Tokenizers;

/// <summary>The published tokenizers of Gemma 3, Qwen3 and Llama 3.1, loaded once each: Gemma 3's file has 33 MB.</summary>
internal static class SharedTokenizers
{
    private static readonly ConcurrentDictionary<string, Lazy<ITokenizer>> Loaded = new(StringComparer.Ordinal);

    /// <param name="name">gemma3, qwen3 or llama3_1.</param>
    public static ITokenizer Load(string name)
    {
        string[] files = ["tokenizer.json", "tokenizer_config.json"];
        string[] sources = [.. files.Select(file => SharedFiles.Require($"tokenizers/{name}_{file}"))];
        return Loaded.GetOrAdd(name, _ => new Lazy<ITokenizer>(() =>
        {
            using TempFolder folder = new();
            foreach ((string file, string source) in files.Zip(sources))
            {
                File.CreateSymbolicLink(Path.Combine(folder.Path, file), source);
            }

            return TokenizerLoader.Load(folder.Path);
        })).Value;
    }
}
