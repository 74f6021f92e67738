using System.Globalization;
using Sweeps.Models;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Benchmarks.Training.Real;

/// <summary>A training step on real weights against matrix products.</summary>
internal static class RealStepBenchmark
{
    /// <summary>Runs it and prints a table.</summary>
    /// <returns>0 when it ran, whatever it measured; 2 for options that are not understood.</returns>
    public static int Run(string[] args)
    {
        if (args is ["--help" or "-h" or "-?"])
        {
            Console.WriteLine(RealStepOptions.Help);
            return 0;
        }

        try
        {
            var options = RealStepOptions.Parse(args);
            TrainerProcess.Become();
            Measure(options);
            return 0;
        }
        catch (Exception error) when (error is FormatException or TorchRuntimeException or ModelLoadException or SafetensorsException)
        {
            Console.Error.WriteLine($"{error.Message}\nSweeps.Benchmarks gemma --help says more.");
            return 2;
        }
    }

    private static void Measure(RealStepOptions options)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            A step of {options.Rows} x {options.Length} tokens on {Path.GetFileName(Path.GetFullPath(options.Folder))} against matrix products; seconds, medians of {options.Rounds}; 1 thread, {TrainerProcess.Allocator}

            | method | trained | step | processor | plain products | GFLOP/s of products | step over plain products | Transformers | own products | step over own products | peak memory so far, MB |
            |---|---|---|---|---|---|---|---|---|---|---|
            """));
        var times = new ProductTimes();
        foreach (var method in options.Methods)
        {
            Console.WriteLine(Row(options, method, times));
        }
    }

    private static string Row(RealStepOptions options, RealMethod method, ProductTimes times)
    {
        using var step = new RealStep(options, method);
        step.Run();
        var steps = Enumerable.Range(0, options.Rounds).Select(_ => step.Run()).ToList();
        var peak = TrainerProcess.HighestResidentBytes() / 1048576.0;
        var (plain, own) = (times.Of(step.PlainProducts()), times.Of(step.OwnProducts()));
        var total = Statistics.Median(steps.Select(each => each.Total));
        var processor = Statistics.Median(steps.Select(each => each.Processor));
        var rate = step.PlainProducts().Sum(product => product.Operations) / plain / 1e9;

        // Measured with Transformers 5.23 and PEFT 0.21 on 16 x 400 tokens, one thread.
        var theirs = method switch
        {
            RealMethod.Full => 1.64,
            RealMethod.Frozen => 1.44,
            _ => 2.18,
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {method.ToString().ToLowerInvariant()} | {step.Trainable:N0} | {total:0.00} | {processor:0.00} | {plain:0.00} | {rate:0} | {total / plain:0.00} | {theirs:0.00} | {own:0.00} | {total / own:0.00} | {peak:0} |");
    }
}
