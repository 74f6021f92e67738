using System.Globalization;
using Sweeps.Models;

namespace Sweeps.Benchmarks.Training;

/// <summary>A training step against its own matrix products, and memory over many steps.</summary>
internal static class StepBenchmark
{
    private const int WarmUp = 5;
    private const int MemoryBase = 200;

    /// <summary>What an allocator's own book-keeping may add between two readings.</summary>
    private const double MostGrowth = 0.01;

    /// <summary>Runs it and prints two tables.</summary>
    /// <returns>0 when it ran, whatever it measured; 2 for options that are not understood.</returns>
    public static int Run(string[] args)
    {
        if (args is ["--help" or "-h" or "-?"])
        {
            Console.WriteLine(StepOptions.Help);
            return 0;
        }

        try
        {
            var options = StepOptions.Parse(args);
            TrainerProcess.Become();
            // Memory first: what the other models leave free in the allocator would hide a leak.
            MeasureMemory(options);
            MeasureSpeed(options);
            return 0;
        }
        catch (Exception error) when (error is FormatException or TorchRuntimeException)
        {
            Console.Error.WriteLine($"{error.Message}\nSweeps.Benchmarks step --help says more.");
            return 2;
        }
    }

    private static void MeasureSpeed(StepOptions options)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            A training step of {TrainingStep.Rows} x {TrainingStep.Length} tokens against its own matrix products; milliseconds, medians of {options.Rounds}, in turn; 1 thread, {TrainerProcess.Allocator}

            | parameters | loss | step | forward | backward | clip | AdamW | products | GFLOP/s of products | ratio | ratio of the fastest | ratio by processor time | target | met |
            |---|---|---|---|---|---|---|---|---|---|---|---|---|---|
            """));
        foreach (var (shape, target) in options.Shapes)
        {
            foreach (var loss in options.Losses)
            {
                Console.WriteLine(SpeedRow(shape, loss, target, options.Rounds));
            }
        }
    }

    private static string SpeedRow(Gemma3Shape shape, StepLossKind loss, double target, int rounds)
    {
        using var step = new TrainingStep(shape, loss);
        using var products = new MatrixProducts(step.Products());
        var steps = new List<StepTimes>();
        var passes = new List<(double Total, double Processor)>();
        for (var round = -WarmUp; round < rounds; round++)
        {
            var (stepTimes, pass) = (step.Run(), products.Run());
            if (round >= 0)
            {
                steps.Add(stepTimes);
                passes.Add(pass);
            }
        }

        double Part(Func<StepTimes, double> part) => Statistics.Median(steps.Select(part));
        var (stepTime, passTime) = (Part(times => times.Total), Statistics.Median(passes.Select(pass => pass.Total)));
        var ratio = stepTime / passTime;
        var fastest = steps.Min(times => times.Total) / passes.Min(pass => pass.Total);
        var processor = Part(times => times.Processor) / Statistics.Median(passes.Select(pass => pass.Processor));
        var parameters = step.Model.Parameters.Sum(parameter => parameter.Count) / 1e6;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {parameters:0.00} M | {loss.ToString().ToLowerInvariant()} | {stepTime:0.0} | {Part(times => times.Forward):0.0} | {Part(times => times.Backward):0.0} | {Part(times => times.Clip):0.0} | {Part(times => times.Optimizer):0.0} | {passTime:0.0} | {products.Operations / passTime / 1e6:0} | {ratio:0.00} | {fastest:0.00} | {processor:0.00} | {target:0.0} | {(ratio <= target ? "yes" : "no")} |");
    }

    private static void MeasureMemory(StepOptions options)
    {
        if (options.Steps == 0)
        {
            return;
        }

        using var step = new TrainingStep(Gemma3Shape.Tiny, options.Losses[0]);
        var first = Math.Min(MemoryBase, Math.Max(1, options.Steps / 2));
        long before = 0, now = 0, highest = 0;
        for (var done = 1; done <= options.Steps; done++)
        {
            step.Run();
            if (done == first)
            {
                before = TrainerProcess.ResidentBytes();
            }

            if (done % MemoryBase == 0 || done == options.Steps)
            {
                now = TrainerProcess.ResidentBytes();
                highest = Math.Max(highest, now);
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {done}: {Megabytes(now):0.0} MB resident"));
            }
        }

        before = before == 0 ? now : before;
        var growth = ((double)now / before) - 1;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Resident memory of {Gemma3Shape.Tiny.Name} parameters, MB; at most {MostGrowth:0 %} of growth counts as none

            | steps | after step {first} | at the end | growth | highest of every {MemoryBase} steps | met |
            |---|---|---|---|---|---|
            | {options.Steps} | {Megabytes(before):0.0} | {Megabytes(now):0.0} | {growth:+0.0 %;-0.0 %;0.0 %} | {Megabytes(highest):0.0} | {(growth <= MostGrowth ? "yes" : "no")} |

            """));
    }

    private static double Megabytes(long bytes) => bytes / 1048576.0;
}
