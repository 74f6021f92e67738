using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;

namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>
/// The compiled normalisation rules of a SentencePiece model (<c>precompiled_charsmap</c>): a double array trie over UTF-8
/// whose values point into a list of NUL-ended texts. The format is that of darts-clone.
/// </summary>
internal sealed class CharsMap
{
    private readonly uint[] _trie;
    private readonly string[] _asciiText = new string[128];
    private readonly bool[] _asciiAlone = new bool[128];
    private readonly byte[] _texts;
    private readonly ConcurrentDictionary<int, string> _read = [];

    private CharsMap(uint[] trie, byte[] texts)
    {
        _trie = trie;
        _texts = texts;
        for (int c = 0; c < 128; c++)
        {
            Span<char> one = [(char)c];
            _asciiText[c] = Longest(one, out int length) is { } text && length == 1 ? text : one.ToString();
            // Without a longer rule that begins with this character and goes on in ASCII, one look is enough.
            _asciiAlone[c] = true;
            for (int next = 0; next < 128 && _asciiAlone[c]; next++)
            {
                _asciiAlone[c] = !HasPath([(byte)c, (byte)next]);
            }
        }
    }

    /// <summary>Reads the compiled rules; null for none.</summary>
    /// <exception cref="InvalidDataException">They are damaged.</exception>
    public static CharsMap? Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return null;
        }

        uint size = bytes.Length > 4 ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : uint.MaxValue;
        if (size > bytes.Length - 4 || size % 4 != 0 || size == 0)
        {
            throw new InvalidDataException("its normalisation rules are damaged");
        }

        uint[] trie = new uint[size / 4];
        for (int i = 0; i < trie.Length; i++)
        {
            trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 + (4 * i))..]);
        }

        return new CharsMap(trie, bytes[(4 + (int)size)..].ToArray());
    }

    /// <summary>The rule for the longest beginning of a text.</summary>
    /// <param name="text">Not empty.</param>
    /// <param name="length">How many UTF-16 units it replaces.</param>
    /// <returns>What it becomes, or null when no rule fits.</returns>
    public string? Longest(ReadOnlySpan<char> text, out int length) => Find(text, longest: true, out length);

    /// <summary>The rule for the shortest beginning of a text that has one; null when no rule fits.</summary>
    public string? Shortest(ReadOnlySpan<char> text) => Find(text, longest: false, out _);

    /// <summary>Whether a character of ASCII that no character beyond ASCII follows is replaced by itself alone.</summary>
    /// <param name="c">Below 128.</param>
    /// <param name="text">What it becomes.</param>
    public bool TryAscii(char c, out string text)
    {
        text = _asciiText[c];
        return _asciiAlone[c];
    }

    private string? Find(ReadOnlySpan<char> text, bool longest, out int length)
    {
        length = 0;
        string? found = null;
        Span<byte> bytes = stackalloc byte[4];
        uint node = Offset(_trie[0]);
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int units);
            int count = rune.EncodeToUtf8(bytes);
            for (int b = 0; b < count; b++)
            {
                node ^= bytes[b];
                uint unit = node < (uint)_trie.Length ? _trie[node] : uint.MaxValue;
                if ((unit & 0x800000FF) != bytes[b] || bytes[b] == 0)
                {
                    return found;
                }

                node ^= Offset(unit);
                // A rule ends within a character only in a damaged file.
                if (((unit >> 8) & 1) == 1 && b == count - 1 && node < (uint)_trie.Length)
                {
                    (found, length) = (TextAt((int)(_trie[node] & 0x7FFFFFFF)), i + units);
                    if (!longest)
                    {
                        return found;
                    }
                }
            }

            i += units;
        }

        return found;
    }

    private string TextAt(int start) => _read.GetOrAdd(
        start,
        static (from, texts) =>
        {
            ReadOnlySpan<byte> rest = texts.AsSpan(Math.Min(from, texts.Length));
            int length = rest.IndexOf((byte)0);
            return Encoding.UTF8.GetString(length < 0 ? rest : rest[..length]);
        },
        _texts);

    private bool HasPath(ReadOnlySpan<byte> bytes)
    {
        uint node = Offset(_trie[0]);
        foreach (byte value in bytes)
        {
            node ^= value;
            uint unit = node < (uint)_trie.Length ? _trie[node] : uint.MaxValue;
            if ((unit & 0x800000FF) != value || value == 0)
            {
                return false;
            }

            node ^= Offset(unit);
        }

        return true;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);
}
