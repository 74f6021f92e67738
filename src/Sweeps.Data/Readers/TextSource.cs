using System.Text;

namespace Sweeps.Data.Readers;

/// <summary>Characters of a stream one by one: encoding found from its first bytes, strict, with line numbers.</summary>
internal sealed class TextSource : IDisposable
{
    private const int BufferSize = 1 << 16;

    private readonly Stream _stream;
    private readonly StreamReader _reader;
    private readonly string _file;
    private readonly char[] _buffer = new char[BufferSize];
    private int _at;
    private int _end;

    private TextSource(Stream stream, Encoding encoding, string file)
    {
        _stream = stream;
        _file = file;
        Encoding = encoding;
        _reader = new StreamReader(stream, encoding, detectEncodingFromByteOrderMarks: false, BufferSize, leaveOpen: true);
    }

    public Encoding Encoding { get; }

    /// <summary>The line of the next character, from 1.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>Opens a seekable stream: byte order mark (UTF-8, UTF-16), UTF-16 told by its zero bytes, else UTF-8.</summary>
    public static TextSource Open(Stream stream, string file)
    {
        Span<byte> head = stackalloc byte[4096];
        int count = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        head = head[..count];
        (Encoding encoding, int skip) = Detect(head);
        stream.Position = skip;
        return new TextSource(stream, encoding, file);
    }

    /// <summary>What the buffer holds now, without taking it: at the start, the first 65,536 characters.</summary>
    public ReadOnlySpan<char> Ahead()
    {
        if (_at == _end)
        {
            Fill();
        }

        return _buffer.AsSpan(_at, _end - _at);
    }

    public int Peek() => _at < _end || Fill() ? _buffer[_at] : -1;

    public int Read()
    {
        if (_at == _end && !Fill())
        {
            return -1;
        }

        char c = _buffer[_at++];
        // A carriage return before a line feed does not count, one alone does (old Macintosh files).
        if (c == '\n' || (c == '\r' && Peek() != '\n'))
        {
            Line++;
        }
        else if (c == '\0')
        {
            throw new DataException(_file, Line, "there is a zero byte, so this is not a text file", "Save it as UTF-8 text");
        }

        return c;
    }

    public void Dispose() => _reader.Dispose();

    private static (Encoding Encoding, int Skip) Detect(ReadOnlySpan<byte> head)
    {
        UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        UnicodeEncoding little = new(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true);
        UnicodeEncoding big = new(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);
        switch (head)
        {
            case [0xEF, 0xBB, 0xBF, ..]: return (utf8, 3);
            case [0xFF, 0xFE, ..]: return (little, 2);
            case [0xFE, 0xFF, ..]: return (big, 2);
        }

        // No mark: in UTF-16 a header of Latin letters has a zero in every other byte.
        int even = 0, odd = 0;
        for (int i = 0; i < head.Length; i++)
        {
            if (head[i] == 0)
            {
                _ = i % 2 == 0 ? even++ : odd++;
            }
        }

        int enough = Math.Max(1, head.Length / 4);
        return odd >= enough && odd > 4 * even ? (little, 0) : even >= enough && even > 4 * odd ? (big, 0) : (utf8, 0);
    }

    private bool Fill()
    {
        try
        {
            _end = _reader.Read(_buffer, 0, _buffer.Length);
            _at = 0;
            return _end > 0;
        }
        catch (DecoderFallbackException e)
        {
            string name = Encoding is UTF8Encoding ? "UTF-8" : "UTF-16";
            throw new DataException(_file, InvalidLine(), $"the text is not valid {name}", "Save the file as UTF-8", e);
        }
    }

    private int InvalidLine()
    {
        if (Encoding is not UTF8Encoding)
        {
            return Line;
        }

        _stream.Position = 0;
        int line = 1;
        byte[] bytes = new byte[1 << 20];
        int kept = 0;
        while (true)
        {
            int read = _stream.ReadAtLeast(bytes.AsSpan(kept), bytes.Length - kept, throwOnEndOfStream: false);
            ReadOnlySpan<byte> span = bytes.AsSpan(0, kept + read);
            bool last = kept + read < bytes.Length;
            while (span.Length > (last ? 0 : 4))
            {
                if (Rune.DecodeFromUtf8(span, out Rune rune, out int used) != System.Buffers.OperationStatus.Done)
                {
                    return line;
                }

                line += rune.Value == '\n' ? 1 : 0;
                span = span[used..];
            }

            if (last)
            {
                return line;
            }

            kept = span.Length;
            span.CopyTo(bytes);
        }
    }
}
