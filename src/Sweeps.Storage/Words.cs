using System.Collections.Frozen;
using System.Text.Json;

namespace Sweeps.Storage;

/// <summary>An enum's values as the kebab-case words that the ledger, JSON and pages show: <c>out-of-memory</c>.</summary>
internal static class Words<T>
    where T : struct, Enum
{
    private static readonly FrozenDictionary<T, string> ToWord =
        Enum.GetValues<T>().ToFrozenDictionary(v => v, v => JsonNamingPolicy.KebabCaseLower.ConvertName(v.ToString()));

    private static readonly FrozenDictionary<string, T> ToValue =
        ToWord.ToFrozenDictionary(p => p.Value, p => p.Key, StringComparer.Ordinal);

    /// <summary>The word of a value.</summary>
    public static string Of(T value) => ToWord[value];

    /// <summary>The value of a word.</summary>
    /// <exception cref="InvalidDataException">No value has this word.</exception>
    public static T Parse(string word) =>
        ToValue.TryGetValue(word, out var value)
            ? value
            : throw new InvalidDataException(
                $"the ledger holds '{word}' where a {typeof(T).Name} is expected ({string.Join(", ", ToWord.Values)})");
}
