namespace Sweeps.Core.Api;

/// <summary>
/// Where a trained model comes from: what its card tells beside its settings. Part of <see cref="BestReply"/>; a file of it is
/// what <c>Sweeps.Trainer export --origin</c> reads.
/// </summary>
public sealed record ModelOrigin
{
    /// <summary>Version of the product.</summary>
    public required string Version { get; init; }

    /// <summary>Id of the sweep.</summary>
    public required string Sweep { get; init; }

    /// <summary>Name of the sweep.</summary>
    public required string Name { get; init; }

    /// <summary>Hash of the sweep's spec, inputs and base.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Number of the trial.</summary>
    public required int Trial { get; init; }

    /// <summary>Trials of the sweep.</summary>
    public required int Trials { get; init; }

    /// <summary>Whether it is the sweep's choice for good, not the leader so far or a trial that was asked for.</summary>
    public bool Chosen { get; init; }

    /// <summary>Its swept values by axis.</summary>
    public IReadOnlyDictionary<string, string> Point { get; init; } = new Dictionary<string, string>();

    /// <summary>The metric that chose the trial and its checkpoint.</summary>
    public required string Metric { get; init; }

    /// <summary>Attempts that it took.</summary>
    public int Attempts { get; init; }

    /// <summary>Training seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>Parameters that were trained.</summary>
    public long? TrainableParameters { get; init; }

    /// <summary>Parameters in all.</summary>
    public long? TotalParameters { get; init; }

    /// <summary>LibTorch, CPU capability and threads of the last attempt.</summary>
    public string? Machine { get; init; }

    /// <summary>Hash of the checkpoint's manifest.</summary>
    public string? CheckpointSha256 { get; init; }

    /// <summary>Scores of the checkpoint on the validation rows, by the decision that was chosen with it.</summary>
    public Scores? Validation { get; init; }

    /// <summary>Scores of that decision on the test rows, which are read once, after the choice; null before, or without a test split.</summary>
    public Scores? Test { get; init; }

    /// <summary>Test scores of every decision, the plain one first; empty where <see cref="Test"/> is null.</summary>
    public IReadOnlyList<Scores> Tests { get; init; } = [];

    /// <summary>The data files by role.</summary>
    public IReadOnlyList<UploadedFile> Files { get; init; } = [];

    /// <summary>The files of the base model; names without folders.</summary>
    public IReadOnlyList<UploadedFile> BaseFiles { get; init; } = [];

    /// <summary>Rows of each split.</summary>
    public IReadOnlyDictionary<string, int> Rows { get; init; } = new Dictionary<string, int>();

    /// <summary>Training rows of each label; empty where the sweep's record has none.</summary>
    public IReadOnlyDictionary<string, int> ClassCounts { get; init; } = new Dictionary<string, int>();
}
