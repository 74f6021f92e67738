using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Sweeps.Benchmarks.Throughput;

/// <summary>A checkpoint of 4 KB as a trainer writes it: temporary folder, files synced, renamed, folder synced.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Sha256">Hash of its manifest.</param>
/// <param name="Bytes">Bytes of its files.</param>
/// <param name="WeightsSha256">Hash of its weights.</param>
internal sealed partial record StandInCheckpoint(string Folder, string Sha256, long Bytes, string WeightsSha256)
{
    private const int WeightBytes = 4096;

    /// <summary>Writes it. The same job at the same step has the same weights, whoever computes them.</summary>
    public static StandInCheckpoint Write(string job, string attemptFolder, int step)
    {
        var folder = $"{attemptFolder}/step-{step}";
        var temporary = folder + ".tmp";
        Directory.CreateDirectory(temporary);
        var weights = new byte[WeightBytes];
        var seed = SHA256.HashData(Encoding.UTF8.GetBytes($"{job} {step}"));
        for (var at = 0; at < weights.Length; at += seed.Length)
        {
            seed.CopyTo(weights, at);
        }

        var weightsSha = Convert.ToHexStringLower(SHA256.HashData(weights));
        var manifest = Encoding.UTF8.GetBytes($$"""{"step":{{step}},"files":[{"name":"weights.bin","sha256":"{{weightsSha}}"}]}""");
        WriteSynced(temporary + "/weights.bin", weights);
        WriteSynced(temporary + "/manifest.json", manifest);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.Move(temporary, folder);
        SyncFolder(attemptFolder);
        return new StandInCheckpoint(
            folder, Convert.ToHexStringLower(SHA256.HashData(manifest)), weights.Length + manifest.Length, weightsSha);
    }

    private static void WriteSynced(string path, byte[] bytes)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        RandomAccess.Write(file, bytes, 0);
        RandomAccess.FlushToDisk(file);
    }

    private static void SyncFolder(string folder)
    {
        const int ReadOnlyDirectory = 0x10000 | 0x80000;
        var descriptor = Open(folder, ReadOnlyDirectory);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open the folder {folder}");
        }

        var failed = Fsync(descriptor) != 0;
        _ = Close(descriptor);
        if (failed)
        {
            throw new IOException($"cannot sync the folder {folder}");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
