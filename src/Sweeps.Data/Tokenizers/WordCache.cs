using System.Collections.Concurrent;

namespace Sweeps.Data.Tokenizers;

/// <summary>
/// Remembers what words become: texts of one kind repeat most of their words. Bounded; thread-safe; a word's value must
/// depend on the word alone.
/// </summary>
/// <typeparam name="T">What a word becomes.</typeparam>
internal sealed class WordCache<T>
    where T : class
{
    private const int MaxWords = 65_536;
    private const int MaxLength = 48;

    private readonly ConcurrentDictionary<string, T> _words = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private int _count;

    public WordCache() => _lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>What a word became, or null.</summary>
    public T? Find(ReadOnlySpan<char> word) => word.Length <= MaxLength && _lookup.TryGetValue(word, out T? value) ? value : null;

    /// <summary>Remembers a word, as long as there is room and it is not long.</summary>
    public void Add(ReadOnlySpan<char> word, T value)
    {
        if (word.Length <= MaxLength && Volatile.Read(ref _count) < MaxWords && _lookup.TryAdd(word, value))
        {
            Interlocked.Increment(ref _count);
        }
    }
}
