using Sweeps.Benchmarks.Training;

namespace Sweeps.Benchmarks.Checkpoints;

/// <summary>Options of the benchmark of checkpoints.</summary>
/// <param name="Sizes"><c>tiny</c>, <c>100M</c>.</param>
/// <param name="Interval">Seconds between two checkpoints. Default 30.</param>
/// <param name="Intervals">Intervals of a phase. Default 3.</param>
/// <param name="Rounds">Phases without and phases with checkpoints. Default 2 of each.</param>
/// <param name="BatchSize">Rows a step at 100 M parameters. Default 4.</param>
/// <param name="Folder">Where a folder for all files is made, and removed afterwards.</param>
internal sealed record CheckpointOptions(
    IReadOnlyList<string> Sizes, double Interval, int Intervals, int Rounds, int BatchSize, string Folder)
{
    /// <summary>The built-in base with the quickstart's batches of 32.</summary>
    public const string Tiny = "tiny";

    /// <summary>Full fine-tuning of 100 M parameters.</summary>
    public const string Large = "100M";

    /// <summary>What <c>--help</c> says.</summary>
    public const string Help = """
        usage: Sweeps.Benchmarks checkpoint [options]
          Steps a second of the real training recipe with checkpoints against without, in one attempt: phases in turn
          (off, on, off, on), the clock that makes checkpoints due stands still in the phases without. Each phase is some
          intervals long, and each interval of the phases with holds one checkpoint (in its middle, so that a phase pays for
          all of its writes; it ends once they have ended). They are written, synced, hashed and offered as always; the other
          end commits at once and deletes the one before. Target: 98 % (medians over the phases).
          The program starts itself again as workers start trainers: one thread, tcmalloc or jemalloc preloaded if present.

          --size both        tiny (the built-in base, quickstart data, batch 32), 100M (a Gemma 3 of 99.9 M random weights, full
                             fine-tuning, 1.2 GB a checkpoint; needs 5 GB of memory and 4 GB of disk), or both
          --interval 30      seconds between checkpoints
          --intervals 3      intervals a phase
          --rounds 2         phases of each kind
          --batch 4          rows a step at 100M (about 17 tokens each)
          --folder DIR       the disk to write to; default: the temporary folder. All that is written is removed

          Full: 13 minutes. Example, quick: Sweeps.Benchmarks checkpoint --size tiny --interval 4 --intervals 2 --rounds 1
        """;

    /// <summary>Seconds of a phase.</summary>
    public double PhaseSeconds => Interval * Intervals;

    /// <summary>Reads them.</summary>
    /// <exception cref="FormatException">An unknown option, or a value of another form.</exception>
    public static CheckpointOptions Parse(string[] args)
    {
        var reader = new OptionReader(args, "--size", "--interval", "--intervals", "--rounds", "--batch", "--folder");
        var size = reader.Word("--size", "both", Tiny, Large, "both");
        var folder = Path.GetFullPath(reader.Text("--folder", null) ?? Path.GetTempPath());
        return Directory.Exists(folder)
            ? new CheckpointOptions(
                size == "both" ? [Tiny, Large] : [size],
                reader.Seconds("--interval", 30),
                reader.Whole("--intervals", 3, 1),
                reader.Whole("--rounds", 2, 1),
                reader.Whole("--batch", 4, 1),
                folder)
            : throw new FormatException($"--folder {folder} is not there: make it first, or name another");
    }
}
