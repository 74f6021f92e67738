namespace Sweeps.Data.Tokenizers;

/// <summary>
/// GPT-2's printable stand-ins for the 256 bytes: printable Latin-1 stands for itself, the others for U+0100 on.
/// (transformers, bytes_to_unicode)
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = Build();
    private static readonly Dictionary<char, byte> Bytes = Characters.Index().ToDictionary(static pair => pair.Item, static pair => (byte)pair.Index);

    public static char Of(byte value) => Characters[value];

    public static bool TryGetByte(char c, out byte value) => Bytes.TryGetValue(c, out value);

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
