using System.Diagnostics;
using System.Text.Json;
using Sweeps.Cli.Hosting;
using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;

namespace Sweeps.Cli.Launching;

/// <summary>Runs the trainer's verbs that work without a silo: inspect, export, predict, pretrain.</summary>
internal sealed class TrainerTool(Builds builds)
{
    /// <summary>Folder of a base model: a built-in one lies beside the trainer.</summary>
    public string BaseFolder(string name) =>
        Builtins.IsBuiltin(name) ? Path.Combine(builds.Trainer, "bases", name[Builtins.Prefix.Length..]) : name;

    /// <summary>What is in a base model, and how it reads the data.</summary>
    /// <param name="baseName">The base.</param>
    /// <param name="settings">Template, labels and form of the data.</param>
    /// <param name="trials">Trials with different prompts.</param>
    /// <param name="trainFile">Training file.</param>
    /// <param name="validationFile">Validation file; null: a share of the training rows.</param>
    /// <param name="cancellation">Ends the trainer.</param>
    /// <exception cref="CliException">The trainer refused; its words are the message.</exception>
    public async Task<ModelFacts> InspectAsync(
        string baseName, TrialSettings settings, IReadOnlyList<TrialSettings> trials, string trainFile, string? validationFile, CancellationToken cancellation)
    {
        var scratch = Directory.CreateTempSubdirectory("sweeps-inspect-").FullName;
        try
        {
            var (own, all) = (Path.Combine(scratch, "settings.json"), Path.Combine(scratch, "trials.json"));
            await File.WriteAllTextAsync(own, SweepsJson.Write(settings), cancellation);
            await File.WriteAllTextAsync(all, SweepsJson.Write(trials), cancellation);
            List<string> arguments = ["inspect", "--base", BaseFolder(baseName), "--json", "--data", trainFile, "--settings", own, "--trials", all];
            if (validationFile is not null)
            {
                arguments.AddRange(["--validation", validationFile]);
            }

            var (code, output, error) = await CaptureAsync(arguments, cancellation);
            if (code != 0)
            {
                throw new CliException(error.Trim().Length > 0 ? error.Trim() : output.Trim(), ExitCodes.BadInput);
            }

            return SweepsJson.Read<ModelFacts>(output);
        }
        catch (JsonException e)
        {
            throw new CliException($"the trainer's answer to inspect cannot be read: {e.Message}", ExitCodes.Failed);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>Runs a verb with this terminal's streams; returns its exit code.</summary>
    public async Task<int> RunAsync(IEnumerable<string> arguments, CancellationToken cancellation)
    {
        using var process = Start(arguments, redirect: false);
        await WaitAsync(process, cancellation);
        return process.ExitCode;
    }

    /// <summary>Runs a verb and captures what it prints.</summary>
    public async Task<(int Code, string Output, string Error)> CaptureAsync(IEnumerable<string> arguments, CancellationToken cancellation)
    {
        using var process = Start(arguments, redirect: true);
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        await WaitAsync(process, cancellation);
        return (process.ExitCode, await output, await error);
    }

    private static async Task WaitAsync(Process process, CancellationToken cancellation)
    {
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }

    private Process Start(IEnumerable<string> arguments, bool redirect)
    {
        var start = new ProcessStartInfo(SiloProcess.DotnetPath())
        {
            UseShellExecute = false,
            RedirectStandardOutput = redirect,
            RedirectStandardError = redirect,
        };
        start.ArgumentList.Add(builds.TrainerProgram);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (HomeCopy.LibTorchOf(builds.Trainer) is { } libtorch)
        {
            start.Environment["SWEEPS_LIBTORCH"] = libtorch;
        }

        return Process.Start(start) ?? throw new CliException("the trainer could not be started", ExitCodes.Failed);
    }
}
