using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sweeps.Core.Faults;
using Sweeps.Core.Json;
using Sweeps.Models.Safetensors;
using static TorchSharp.torch;

namespace Sweeps.Training.Checkpoints;

/// <summary>
/// One checkpoint on disk: <c>step-40/{weights.safetensors, optimizer.safetensors, state.json, manifest.json}</c>. It is
/// written into <c>step-40.tmp</c>, every file synced, renamed and the parent synced, so that a folder without
/// <c>.tmp</c> is whole.
/// </summary>
internal static class CheckpointFolder
{
    public const string Weights = "weights.safetensors";
    public const string Optimizer = "optimizer.safetensors";
    public const string State = "state.json";

    private const long LongestManifest = 1 << 20;

    /// <summary>Name of the folder of a step.</summary>
    public static string Name(int step) => string.Create(CultureInfo.InvariantCulture, $"step-{step}");

    /// <summary>Writes a checkpoint below <paramref name="attempt"/>, durably.</summary>
    /// <param name="attempt">Folder of the attempt; it is there.</param>
    /// <param name="snapshot">The copy to write.</param>
    /// <param name="state">Its state.</param>
    /// <param name="weightsSha256">Hash of its weights, see <see cref="WeightsHash"/>.</param>
    /// <param name="isFinal">Whether it is the last of the job.</param>
    /// <param name="beat">Called every few megabytes.</param>
    /// <returns>Its folder, manifest and the manifest's hash.</returns>
    /// <exception cref="IOException">The disk refuses; nothing is left behind.</exception>
    public static WrittenCheckpoint Write(
        string attempt, CheckpointSnapshot snapshot, CheckpointState state, string weightsSha256, bool isFinal, Action beat)
    {
        var path = Path.Combine(attempt, Name(state.Step));
        var temporary = path + ".tmp";
        try
        {
            Discard(temporary);
            Directory.CreateDirectory(temporary);
            List<ManifestFile> files =
            [
                WriteTensors(Path.Combine(temporary, Weights), snapshot.Weights, beat),
            ];
            CrashPoint.Hit("checkpoint-mid-write");
            if (isFinal)
            {
                CrashPoint.Hit("final-write");
            }

            files.Add(WriteTensors(Path.Combine(temporary, Optimizer), snapshot.Optimizer, beat));
            files.Add(WriteBytes(Path.Combine(temporary, State), JsonSerializer.SerializeToUtf8Bytes(state, SweepsJson.Options)));
            var manifest = new CheckpointManifest
            {
                Format = CheckpointManifest.CurrentFormat,
                Step = state.Step,
                WeightsSha256 = weightsSha256,
                Files = files,
            };
            var own = WriteBytes(
                Path.Combine(temporary, CheckpointManifest.FileName),
                JsonSerializer.SerializeToUtf8Bytes(manifest, SweepsJson.Options));
            DurableFiles.SyncDirectory(temporary);
            CrashPoint.Hit("checkpoint-before-rename");
            Directory.Move(temporary, path);
            DurableFiles.SyncDirectory(attempt);
            CrashPoint.Hit("checkpoint-written");
            return new WrittenCheckpoint(path, manifest, own.Sha256, manifest.Bytes + own.Bytes);
        }
        catch (IOException)
        {
            Discard(temporary);
            throw;
        }
    }

    /// <summary>Checks a checkpoint against the hash that the ledger keeps and reads it.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="sha256">Hash of its manifest.</param>
    /// <param name="withOptimizer">Whether the optimiser is needed; else its file is not looked at.</param>
    /// <param name="beat">Called every few megabytes.</param>
    /// <exception cref="InvalidDataException">It is not what was committed; the message says which file.</exception>
    public static LoadedCheckpoint Read(string path, string sha256, bool withOptimizer, Action beat)
    {
        try
        {
            var manifestPath = Path.Combine(path, CheckpointManifest.FileName);
            if (new FileInfo(manifestPath).Length > LongestManifest)
            {
                throw new InvalidDataException($"{CheckpointManifest.FileName} is larger than {LongestManifest} bytes");
            }

            var bytes = File.ReadAllBytes(manifestPath);
            if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != sha256)
            {
                throw new InvalidDataException($"{CheckpointManifest.FileName} is not the one that was committed");
            }

            var manifest = JsonSerializer.Deserialize<CheckpointManifest>(bytes, SweepsJson.Options)
                ?? throw new InvalidDataException($"{CheckpointManifest.FileName} is empty");
            if (manifest.Format != CheckpointManifest.CurrentFormat)
            {
                throw new InvalidDataException($"its format is {manifest.Format}; this version reads {CheckpointManifest.CurrentFormat}");
            }

            Verify(path, manifest, Weights, beat);
            if (withOptimizer)
            {
                Verify(path, manifest, Optimizer, beat);
            }

            Verify(path, manifest, State, beat);
            var state = SweepsJson.Read<CheckpointState>(Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(path, State))));
            return new LoadedCheckpoint(path, manifest, state);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    /// <summary>Checks the weights of a checkpoint against its own manifest, where it has one.</summary>
    /// <exception cref="InvalidDataException">They differ from what was written.</exception>
    public static void CheckWeights(string path)
    {
        var manifest = Path.Combine(path, CheckpointManifest.FileName);
        if (!File.Exists(manifest))
        {
            return;
        }

        try
        {
            Verify(path, SweepsJson.Read<CheckpointManifest>(File.ReadAllText(manifest)), Weights, static () => { });
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{manifest} cannot be read: {error.Message}", error);
        }
    }

    private static void Verify(string path, CheckpointManifest manifest, string name, Action beat)
    {
        var entry = manifest.Files.FirstOrDefault(file => file.Name == name)
            ?? throw new InvalidDataException($"it has no {name}");
        using var file = File.OpenRead(Path.Combine(path, name));
        if (file.Length != entry.Bytes)
        {
            throw new InvalidDataException($"{name} has {file.Length} bytes instead of {entry.Bytes}");
        }

        if (FileHash.Of(file, beat) != entry.Sha256)
        {
            throw new InvalidDataException($"{name} differs from what was written (a bit has changed)");
        }
    }

    private static ManifestFile WriteTensors(string path, IReadOnlyDictionary<string, Tensor> tensors, Action beat)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        using var hashing = new HashingStream(file, _ => beat());
        SafetensorsWriter.Write(hashing, tensors);
        file.Flush(flushToDisk: true);
        return new ManifestFile(Path.GetFileName(path), hashing.Written, hashing.TakeHash());
    }

    private static ManifestFile WriteBytes(string path, byte[] bytes)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
        return new ManifestFile(Path.GetFileName(path), bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    private static void Discard(string temporary)
    {
        if (Directory.Exists(temporary))
        {
            Directory.Delete(temporary, recursive: true);
        }
    }
}

/// <summary>A checkpoint that was just written.</summary>
internal sealed record WrittenCheckpoint(string Path, CheckpointManifest Manifest, string Sha256, long Bytes);

/// <summary>A checkpoint whose bytes are those that were committed.</summary>
/// <param name="Path">Its folder.</param>
/// <param name="Manifest">Its manifest.</param>
/// <param name="State">Its state.</param>
internal sealed record LoadedCheckpoint(string Path, CheckpointManifest Manifest, CheckpointState State);
