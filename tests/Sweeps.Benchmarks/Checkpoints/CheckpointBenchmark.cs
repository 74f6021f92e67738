using System.Globalization;
using System.Runtime.InteropServices;
using Sweeps.Benchmarks.Training;
using Sweeps.Core.Trainer;
using Sweeps.Models;
using Sweeps.Training;
using Sweeps.Training.Inputs;

namespace Sweeps.Benchmarks.Checkpoints;

/// <summary>What checkpoints cost the training thread: the real recipe with them against without, in turn.</summary>
internal static class CheckpointBenchmark
{
    private const double Target = 0.98;
    private const int QuickstartBatch = 32;

    /// <summary>Runs it and prints two tables.</summary>
    /// <returns>
    /// 0 when it ran, whatever it measured; 1 when training failed; 2 for options that are not understood; 130 when interrupted.
    /// </returns>
    public static int Run(string[] args)
    {
        if (args is ["--help" or "-h" or "-?"])
        {
            Console.WriteLine(CheckpointOptions.Help);
            return 0;
        }

        using var interrupt = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            interrupt.Cancel();
        }

        // Either way out removes the files first.
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            var options = CheckpointOptions.Parse(args);
            TrainerProcess.Become();
            Report(options, [.. options.Sizes.Select(size => Measure(size, options, interrupt.Token))]);
            return 0;
        }
        catch (Exception error) when (error is FormatException or TorchRuntimeException)
        {
            Console.Error.WriteLine($"{error.Message}\nSweeps.Benchmarks checkpoint --help says more.");
            return 2;
        }
        catch (Exception error) when (error is InvalidOperationException or IOException)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("interrupted");
            return 130;
        }
    }

    private static Measured Measure(string size, CheckpointOptions options, CancellationToken cancellation)
    {
        var root = Path.Combine(options.Folder, $"sweeps-checkpoints-{Environment.ProcessId}-{size}");
        try
        {
            var (baseFolder, batchSize) = size == CheckpointOptions.Tiny
                ? (CheckpointJob.BuiltInBase(), QuickstartBatch)
                : (CheckpointJob.WriteBase(Path.Combine(root, "base"), Gemma3Shape.Large), options.BatchSize);
            return Measure(size, root, baseFolder, batchSize, options, cancellation);
        }
        finally
        {
            if (Directory.Exists(root))
            {
                Directory.Delete(root, recursive: true);
            }
        }
    }

    private static Measured Measure(
        string size, string root, string baseFolder, int batchSize, CheckpointOptions options, CancellationToken cancellation)
    {
        // An epoch must not end within the phases: a short attempt tells how many rows it takes. Processor time, for a
        // machine that gets quieter; half as much again, to be sure.
        var probe = Attempt(
            CheckpointJob.Write(Path.Combine(root, "probe"), baseFolder, 2000L * batchSize, batchSize, options.Interval),
            TimeSpan.FromSeconds(3),
            1,
            options.Interval,
            cancellation);
        var phases = 2 * options.Rounds;
        var seconds = (phases * options.PhaseSeconds * 1.2) + 60;
        var rows = (long)(probe.Phases.Sum(phase => phase.ProcessorRate) * 1.5 * seconds * batchSize);
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{size}: {probe.TotalParameters:N0} parameters, {rows:N0} rows or more"));
        var link = Attempt(
            CheckpointJob.Write(Path.Combine(root, "run"), baseFolder, rows, batchSize, options.Interval),
            TimeSpan.FromSeconds(options.PhaseSeconds),
            phases,
            options.Interval,
            cancellation);
        return link.IsComplete
            ? new Measured(size, link.TotalParameters, batchSize, link.Phases)
            : throw new InvalidOperationException($"{size}: the rows ended before the phases did; run it again on a quieter machine");
    }

    private static PhaseLink Attempt(
        JobAssignment assignment, TimeSpan phaseSeconds, int phases, double interval, CancellationToken cancellation)
    {
        var clock = new PausableClock();
        var link = new PhaseLink(clock, phaseSeconds, phases, TimeSpan.FromSeconds(interval), cancellation);
        var end = AttemptRunner.Run(assignment, new TrainerSession(), link, clock);
        cancellation.ThrowIfCancellationRequested();
        return end is FailedFrame failed ? throw new InvalidOperationException($"{failed.Failure}: {failed.Message}") : link;
    }

    private static void Report(CheckpointOptions options, IReadOnlyList<Measured> all)
    {
        var disk = new DriveInfo(options.Folder);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Steps a second with checkpoints every {options.Interval:0.#} s against without, in turn, {options.Rounds} phases of each, {options.Intervals} intervals a phase; full fine-tuning, 1 thread, {TrainerProcess.Allocator}, {disk.DriveFormat} at {disk.Name}

            | size | parameters | batch | steps/s off | steps/s on | ratio | ratio by processor time | target | met | checkpoints | MB each | write s, median | longest | longest standstill s | slowest step s, off | on |
            |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
            """));
        foreach (var measured in all)
        {
            Console.WriteLine(Row(measured));
        }

        Console.WriteLine("""

            | size | phase | checkpoints | seconds | steps | steps/s |
            |---|---|---|---|---|---|
            """);
        foreach (var (measured, phase, number) in all.SelectMany(each => each.Phases.Select((phase, index) => (each, phase, index + 1))))
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {measured.Size} | {number} {(phase.WithCheckpoints ? "on" : "off")} | {phase.Checkpoints.Count} | {phase.Seconds:0.0} | {phase.Steps} | {phase.Rate:0.000} |"));
        }
    }

    private static string Row(Measured measured)
    {
        Phase[] off = [.. measured.Phases.Where(phase => !phase.WithCheckpoints)];
        Phase[] on = [.. measured.Phases.Where(phase => phase.WithCheckpoints)];
        OfferedCheckpoint[] written = [.. on.SelectMany(phase => phase.Checkpoints)];
        double Rate(Phase[] phases) => Statistics.Median(phases.Select(phase => phase.Rate));
        var ratio = Rate(on) / Rate(off);
        var processor = Statistics.Median(on.Select(phase => phase.ProcessorRate))
            / Statistics.Median(off.Select(phase => phase.ProcessorRate));
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"| {measured.Size} | {measured.Parameters:N0} | {measured.BatchSize} | {Rate(off):0.000} | {Rate(on):0.000} | {ratio:0.0 %} | {processor:0.0 %} | {Target:0 %} | {(ratio >= Target && written.Length > 0 ? "yes" : "no")} | {written.Length} |");
        var costs = written.Length == 0
            ? " - | - | - | - |"
            : string.Create(
                CultureInfo.InvariantCulture,
                $" {written.Max(checkpoint => checkpoint.Bytes) / 1e6:0.0} | {Statistics.Median(written.Select(checkpoint => checkpoint.WriteSeconds)):0.000} | {written.Max(checkpoint => checkpoint.WriteSeconds):0.000} | {written.Max(checkpoint => checkpoint.StandstillSeconds):0.0000} |");
        return head + costs + string.Create(
            CultureInfo.InvariantCulture,
            $" {off.Max(phase => phase.Slowest.TotalSeconds):0.000} | {on.Max(phase => phase.Slowest.TotalSeconds):0.000} |");
    }

    private sealed record Measured(string Size, long Parameters, int BatchSize, IReadOnlyList<Phase> Phases);
}
