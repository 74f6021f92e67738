using System.Globalization;
using System.Text;

namespace Sweeps.Worker.Trainers;

/// <summary>
/// The log of a slot's trainers: <c>logs/trainer-N.log</c>, rotated to <c>.1</c> at its limit. It also remembers the
/// last words of the present trainer, for messages. A log that cannot be written never stops a trainer.
/// </summary>
internal sealed class SlotLog(string folder, int slot, long limit)
{
    private const int TailBytes = 4096;
    private readonly Lock _gate = new();
    private readonly string _path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"trainer-{slot}.log"));
    private byte[] _tail = [];

    /// <summary>The end of what the present trainer wrote.</summary>
    public string LastWords
    {
        get
        {
            lock (_gate)
            {
                return Encoding.UTF8.GetString(_tail);
            }
        }
    }

    /// <summary>A new trainer begins.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            _tail = [];
        }
    }

    /// <summary>Appends.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            var joined = new byte[_tail.Length + bytes.Length];
            _tail.CopyTo(joined, 0);
            bytes.CopyTo(joined.AsSpan(_tail.Length));
            _tail = joined.Length <= TailBytes ? joined : joined[^TailBytes..];
            try
            {
                Directory.CreateDirectory(folder);
                using (var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
                {
                    file.Write(bytes);
                    if (file.Length < limit)
                    {
                        return;
                    }
                }

                File.Move(_path, _path + ".1", overwrite: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A full disk loses log lines, nothing else.
            }
        }
    }
}
