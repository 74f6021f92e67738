namespace Sweeps.Core.Spec;

/// <summary>
/// What the user asks for: a base, data, fixed settings and a grid over any of them. Read and checked by
/// <c>SpecReader</c>; expanded into trials by the planner.
/// </summary>
public sealed record SweepSpec
{
    /// <summary>Name; becomes part of the sweep's id.</summary>
    public required string Name { get; init; }

    /// <summary>Settings that every trial starts from. <see cref="TrialSettings.Data"/> has no labels before the data are read.</summary>
    public required TrialSettings Defaults { get; init; }

    /// <summary>The data.</summary>
    public required DataSpec Data { get; init; }

    /// <summary>Swept axes, in the order of the file.</summary>
    public IReadOnlyList<Axis> Grid { get; init; } = [];

    /// <summary>Seeds; each multiplies the grid. Empty: the default's seed alone.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [];

    /// <summary>Lines beside the grid: not multiplied by its axes.</summary>
    public IReadOnlyList<ArmSpec> Arms { get; init; } = [];

    /// <summary>Other ways to decide from each trial's weights.</summary>
    public IReadOnlyList<VariantSpec> Variants { get; init; } = [];

    /// <summary>Metric of the objective and its direction.</summary>
    public Objective Objective { get; init; } = new("macro_f1", true);

    /// <summary>Trials at once; 0: as many as there are slots.</summary>
    public int Concurrency { get; init; }

    /// <summary>Retries of a failed trial.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>Longest wall time while not paused; null: none. At the limit trials checkpoint and become stopped.</summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>Bytes that the sweep's checkpoints may take; null: no limit of its own.</summary>
    public long? DiskLimitBytes { get; init; }

    /// <summary>Keep every completed trial's full state, not only its best weights.</summary>
    public bool KeepCheckpoints { get; init; }

    /// <summary>A weight a label, when <c>class_weights</c> is a map; the planner puts them in label order. Null: no map.</summary>
    public IReadOnlyDictionary<string, double>? ClassWeights { get; init; }

    /// <summary>Texts of labels, for heads that read or write them; labels not named keep their own. Null: no map.</summary>
    public IReadOnlyDictionary<string, LabelText>? LabelTexts { get; init; }

    /// <summary>The texts of each of these labels: those given, else the label itself; null when none is given.</summary>
    public IReadOnlyList<LabelText>? TextsOf(IReadOnlyList<string> labels) => LabelTexts is null
        ? null
        : [.. labels.Select(label => LabelTexts.TryGetValue(label, out var own) ? own : new LabelText(label))];

    /// <summary>File name, for messages.</summary>
    public string FileName { get; init; } = "";

    /// <summary>Where things stand, by path (<c>training.rank</c>, <c>grid.rank</c>, <c>grid.rank[1]</c>), for messages.</summary>
    public IReadOnlyDictionary<string, SpecMark> Marks { get; init; } = new Dictionary<string, SpecMark>();

    /// <summary>Where a key stands; of one that is left out in <c>data</c>, where the data are named; else the file's beginning.</summary>
    public SpecMark MarkOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Marks.TryGetValue(path, out var mark) ? mark
            : path.StartsWith("data.", StringComparison.Ordinal) ? Marks.GetValueOrDefault("data.train", SpecMark.Start)
            : SpecMark.Start;
    }

    /// <summary>An error about a key, at its place.</summary>
    public SpecError ErrorAt(string path, string problem, string? value = null, string? allowed = null, string? nearest = null)
    {
        var mark = MarkOf(path);
        return new SpecError(FileName, mark.Line, mark.Column, path, problem, value, allowed, nearest);
    }
}

/// <summary>Where the data come from.</summary>
public sealed record DataSpec
{
    /// <summary>Training file: a path relative to the spec's folder, or <c>builtin:campaigns/V25</c>.</summary>
    public required string Train { get; init; }

    /// <summary>Validation file; null: a share of the training rows.</summary>
    public string? Validation { get; init; }

    /// <summary>Test file; null: no test score.</summary>
    public string? Test { get; init; }

    /// <summary>Declared labels; null: those of the training rows.</summary>
    public IReadOnlyList<string>? Labels { get; init; }
}

/// <summary>A swept setting.</summary>
/// <param name="Name">The setting's name in the spec, e.g. <c>learning_rate</c>.</param>
/// <param name="Values">Its values as YAML scalars already checked against the setting: <see cref="long"/>, <see cref="double"/>, <see cref="bool"/> or <see cref="string"/>.</param>
/// <param name="When">Applies only where these settings have one of these values; null: where the setting has a meaning (rank under LoRA).</param>
/// <param name="Line">Line in the file, from 1; 0: not from a file.</param>
public sealed record Axis(
    string Name,
    IReadOnlyList<object> Values,
    IReadOnlyDictionary<string, IReadOnlyList<object>>? When = null,
    int Line = 0);
