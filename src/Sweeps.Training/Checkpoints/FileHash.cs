using System.Security.Cryptography;

namespace Sweeps.Training.Checkpoints;

/// <summary>SHA-256 of files, lower-case hex.</summary>
internal static class FileHash
{
    /// <summary>Hashes the rest of a stream, beating every 4 MiB.</summary>
    public static string Of(Stream stream, Action beat)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[4 << 20];
        int count;
        while ((count = stream.Read(buffer)) > 0)
        {
            hash.AppendData(buffer.AsSpan(0, count));
            beat();
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
