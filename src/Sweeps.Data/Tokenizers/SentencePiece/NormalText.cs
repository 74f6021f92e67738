namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>A normalised text that is being written, and where each of its UTF-16 units comes from.</summary>
internal sealed class NormalText(int capacity)
{
    private char[] _text = new char[capacity];
    private int[] _starts = new int[capacity + 1];

    public int Length { get; private set; }

    public ReadOnlySpan<char> Text => _text.AsSpan(0, Length);

    /// <summary>The unit of the original that a place comes from; one place behind the end too.</summary>
    public int Origin(int at) => _starts[at];

    public void Add(char c, int origin)
    {
        if (Length == _text.Length)
        {
            Array.Resize(ref _text, Math.Max(16, 2 * Length));
            Array.Resize(ref _starts, _text.Length + 1);
        }

        _text[Length] = c;
        _starts[Length++] = origin;
    }

    /// <summary>Takes the last unit off.</summary>
    /// <returns>Where it came from.</returns>
    public int RemoveLast() => _starts[--Length];

    /// <summary>Says where the end comes from.</summary>
    public void Close(int origin) => _starts[Length] = origin;
}
