using System.CommandLine;
using Sweeps.Core.Unicode;
using Sweeps.Data;
using Sweeps.Models;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;
using Sweeps.Trainer.Serving;
using Sweeps.Training;

namespace Sweeps.Trainer.Commands;

/// <summary>The verbs of <c>Sweeps.Trainer</c>. What a person did wrong is one sentence on standard error, never a stack trace.</summary>
internal static class TrainerCommandLine
{
    /// <summary>Runs a verb.</summary>
    /// <returns>The exit code, see <see cref="TrainerExit"/>.</returns>
    public static int Run(string[] args)
    {
        if (UnicodeData.Problem is { } problem)
        {
            Console.Error.WriteLine($"{problem}. {UnicodeData.Fix}.");
            return TrainerExit.NoUnicode;
        }

        var root = new RootCommand(
            "Trains, scores and exports models. The command `sweeps` and its silo start it; every verb also works by hand.")
        {
            TrainCommand.Create(),
            PretrainCommand.Create(),
            ExportCommand.Create(),
            PredictCommand.Create(),
            EvaluateCommand.Create(),
            InspectCommand.Create(),
        };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Console.Error.WriteLine(error.Message);
            }

            Console.Error.WriteLine("Sweeps.Trainer VERB --help lists what is allowed.");
            return TrainerExit.BadInput;
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    /// <summary>Runs a verb's work with LibTorch loaded, and turns what fails into words and an exit code.</summary>
    public static int Guard(int threads, Func<int> work)
    {
        try
        {
            TorchRuntime.EnsureLoaded();
            TorchSharp.torch.set_num_threads(threads);
            return work();
        }
        catch (TorchRuntimeException error)
        {
            Console.Error.WriteLine(error.Message);
            return TrainerExit.NoLibTorch;
        }
        catch (Exception error) when (error is TrainingException or DataException or ModelLoadException or SafetensorsException
            or InvalidDataException or System.Text.Json.JsonException)
        {
            Console.Error.WriteLine(error.Message);
            return TrainerExit.BadInput;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.Runtime.InteropServices.ExternalException)
        {
            Console.Error.WriteLine(error.Message.Split('\n', 2)[0]);
            return TrainerExit.Failed;
        }
    }

    /// <summary>Option <c>--threads</c>.</summary>
    public static Option<int> Threads() => new("--threads")
    {
        Description = "Intra-op threads of LibTorch (one a trainer beats one trainer with all by about a quarter).",
        DefaultValueFactory = _ => 1,
        HelpName = "N",
    };
}
