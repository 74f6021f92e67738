using System.CommandLine;
using System.Globalization;
using Sweeps.Trainer.Serving;
using Sweeps.Training.Pretrain;

namespace Sweeps.Trainer.Commands;

/// <summary><c>pretrain</c>: makes the built-in base model afresh.</summary>
internal static class PretrainCommand
{
    private const string TinyGemma3Name = "tiny-gemma3";

    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = $"Which base: {TinyGemma3Name}." };
        name.AcceptOnlyFromAmong(TinyGemma3Name);
        var output = new Option<string>("--out", "-o") { Description = "Folder to write.", Required = true, HelpName = "DIR" };
        var defaults = new PretrainOptions();
        var seed = new Option<int>("--seed") { Description = "Seed.", DefaultValueFactory = _ => defaults.Seed, HelpName = "N" };
        var steps = new Option<int>("--steps") { Description = "Optimiser steps.", DefaultValueFactory = _ => defaults.Steps, HelpName = "N" };
        var hidden = new Option<int>("--hidden") { Description = "Width, a multiple of 8.", DefaultValueFactory = _ => defaults.Hidden, HelpName = "N" };
        var layers = new Option<int>("--layers") { Description = "Blocks.", DefaultValueFactory = _ => defaults.Layers, HelpName = "N" };
        var threads = TrainerCommandLine.Threads();
        var command = new Command("pretrain", "Pre-trains a built-in base model (about ten minutes on one core).")
        {
            name, output, seed, steps, hidden, layers, threads,
        };
        command.SetAction(parse => TrainerCommandLine.Guard(parse.GetValue(threads), () =>
        {
            if (parse.GetValue(steps) < 1)
            {
                Console.Error.WriteLine($"--steps {parse.GetValue(steps)}: at least 1 is needed");
                return TrainerExit.BadInput;
            }

            if (parse.GetValue(hidden) is var width && (width < 8 || width % 8 != 0))
            {
                Console.Error.WriteLine($"--hidden {width}: a multiple of 8 is needed");
                return TrainerExit.BadInput;
            }

            if (parse.GetValue(layers) < 1)
            {
                Console.Error.WriteLine($"--layers {parse.GetValue(layers)}: at least 1 is needed");
                return TrainerExit.BadInput;
            }

            var folder = Path.GetFullPath(parse.GetValue(output)!);
            var options = defaults with
            {
                Seed = parse.GetValue(seed),
                Steps = parse.GetValue(steps),
                Hidden = parse.GetValue(hidden),
                Layers = parse.GetValue(layers),
            };
            var result = new TinyGemma3(options).Run(folder, Console.WriteLine);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"wrote {folder}: {result.Parameters:N0} parameters, {result.Elapsed.TotalSeconds:0} s; right answers on 2 / 3 / 4 attributes {result.Accuracy[2]:0.000} / {result.Accuracy[3]:0.000} / {result.Accuracy[4]:0.000}"));
            return TrainerExit.Ok;
        }));
        return command;
    }
}
