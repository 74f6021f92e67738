using System.Text.Json.Serialization;

namespace Sweeps.Training.Checkpoints;

/// <summary>
/// <c>manifest.json</c> of a checkpoint: what belongs to it, with a hash of each file. The SHA-256 of the manifest's own
/// bytes is what the ledger keeps, so that the ledger vouches for every byte.
/// </summary>
internal sealed record CheckpointManifest
{
    public const string FileName = "manifest.json";

    /// <summary>Form of the folder; another one is not read.</summary>
    public const int CurrentFormat = 1;

    public required int Format { get; init; }

    public required int Step { get; init; }

    /// <summary>See <see cref="WeightsHash"/>.</summary>
    public required string WeightsSha256 { get; init; }

    public required IReadOnlyList<ManifestFile> Files { get; init; }

    [JsonIgnore]
    public long Bytes => Files.Sum(file => file.Bytes);
}

/// <summary>A file of a checkpoint.</summary>
internal sealed record ManifestFile(string Name, long Bytes, string Sha256);
