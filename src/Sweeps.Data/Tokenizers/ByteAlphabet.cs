using System.Globalization;
using System.Text;

namespace Sweeps.Data.Tokenizers;

/// <summary>
/// How tokens write single bytes: GPT-2's printable stand-ins (printable Latin-1 stands for itself, the others for U+0100
/// on; transformers, bytes_to_unicode), and the tokens &lt;0x00&gt; to &lt;0xFF&gt; of vocabularies that fall back to bytes.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private static readonly char[] Characters = Build();
    private static readonly Dictionary<char, byte> Bytes = Characters.Index().ToDictionary(static pair => pair.Item, static pair => (byte)pair.Index);

    public static char Of(byte value) => Characters[value];

    public static bool TryGetByte(char c, out byte value) => Bytes.TryGetValue(c, out value);

    /// <summary>The token that falls back to a byte.</summary>
    public static string FallbackToken(byte value) => FormattableString.Invariant($"<0x{value:X2}>");

    /// <summary>The byte of such a token, or null for another token.</summary>
    public static byte? FallbackByte(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
        && byte.TryParse(token.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte value)
            ? value
            : null;

    /// <summary>Appends bytes as text and clears them; if they make no text each becomes a replacement character (Hugging Face ByteFallback).</summary>
    public static void Flush(List<byte> bytes, StringBuilder text)
    {
        if (bytes.Count == 0)
        {
            return;
        }

        try
        {
            text.Append(Strict.GetString([.. bytes]));
        }
        catch (ArgumentException)
        {
            text.Append('\uFFFD', bytes.Count);
        }

        bytes.Clear();
    }

    private static char[] Build()
    {
        char[] characters = new char[256];
        int next = 0x100;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = (char)(printable ? value : next++);
        }

        return characters;
    }
}
