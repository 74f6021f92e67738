using System.Diagnostics;
using System.Globalization;
using Sweeps.Benchmarks.Training;
using Sweeps.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Benchmarks.Methods;

/// <summary>A training step of each fine-tuning method on one model, and the memory of its weights.</summary>
internal static class MethodBenchmark
{
    private const string Help = """
        usage: Sweeps.Benchmarks methods [options]
          A training step (forward, backward, clipping, AdamW; the label alone is graded) of every fine-tuning method on a
          Gemma 3 with random weights, one thread. Methods are timed in turn; medians are compared with LoRA's.

          --model 270M     9.7M, or 270M (the published shape with a vocabulary of 32,768)
          --rows 8         texts of a step
          --length 64      tokens of a text
          --rounds 5       timed steps of each method, after one that is not
        """;

    /// <summary>Runs it and prints a table.</summary>
    /// <returns>0 when it ran; 2 for options that are not understood.</returns>
    public static int Run(string[] args)
    {
        if (args is ["--help" or "-h" or "-?"])
        {
            Console.WriteLine(Help);
            return 0;
        }

        try
        {
            var reader = new OptionReader(args, "--model", "--rows", "--length", "--rounds");
            var shape = reader.Word("--model", "270M", "9.7M", "270M") == "270M" ? Gemma3Shape.Published270M : Gemma3Shape.Small;
            var (rows, length) = (reader.Whole("--rows", 8, 1), reader.Whole("--length", 64, 2));
            var rounds = reader.Whole("--rounds", 5, 1);
            TrainerProcess.Become();
            Measure(shape, rows, length, rounds);
            return 0;
        }
        catch (Exception error) when (error is FormatException or TorchRuntimeException)
        {
            Console.Error.WriteLine($"{error.Message}\nSweeps.Benchmarks methods --help says more.");
            return 2;
        }
    }

    private static void Measure(Gemma3Shape shape, int rows, int length, int rounds)
    {
        List<MethodStep> steps = [.. MethodStep.Names.Select(name => new MethodStep(name, shape, rows, length))];
        var times = steps.ConvertAll(_ => new List<double>());
        for (var round = 0; round <= rounds; round++)
        {
            for (var i = 0; i < steps.Count; i++)
            {
                var time = steps[i].Run();
                if (round > 0)
                {
                    times[i].Add(time);
                }
            }
        }

        var lora = Statistics.Median(times[MethodStep.Names.IndexOf("lora")]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Gemma 3 of {shape.Name}, {rows} x {length} tokens, medians of {rounds} steps in turn; 1 thread, {TrainerProcess.Allocator}

            | method | trained | step, ms | x LoRA | bytes a weight of linear layers | unpacking of all of them once, ms |
            |---|---|---|---|---|---|
            """));
        for (var i = 0; i < steps.Count; i++)
        {
            var time = Statistics.Median(times[i]);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {steps[i].Name} | {steps[i].Trained:N0} | {time:0} | {time / lora:0.00} | {steps[i].BytesAWeight:0.000} | {Unpacking(steps[i].Model)} |"));
            steps[i].Dispose();
        }
    }

    private static string Unpacking(Transformer model)
    {
        if (!model.IsQuantised)
        {
            return "";
        }

        var start = Stopwatch.GetTimestamp();
        foreach (var linear in model.Linears)
        {
            using var dense = linear.Weight.Packed!.Dense(ScalarType.Float32);
        }

        return Stopwatch.GetElapsedTime(start).TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
    }
}
