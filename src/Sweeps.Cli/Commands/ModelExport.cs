using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;

namespace Sweeps.Cli.Commands;

/// <summary><c>best --export</c>: a trained model as a folder that Hugging Face's libraries read.</summary>
internal static class ModelExport
{
    /// <summary>Refuses options that mean nothing without a folder.</summary>
    /// <exception cref="CliException">One of them stands alone.</exception>
    public static void Check(string? folder, bool merge, bool withBase)
    {
        if (folder is null && (merge || withBase))
        {
            throw new CliException(
                $"{(merge ? "--merge" : "--with-base")} says how a model is exported, and there is no --export", ExitCodes.BadInput, "add --export DIR");
        }

        if (merge && withBase)
        {
            throw new CliException(
                "--merge writes a whole model, which needs no base beside it", ExitCodes.BadInput, "give --merge or --with-base, not both");
        }
    }

    /// <summary>Writes the model of a trial.</summary>
    /// <param name="best">The trial.</param>
    /// <param name="home">Its home.</param>
    /// <param name="folder">Where; new or empty.</param>
    /// <param name="merge">Whether an adapter is folded into the weights.</param>
    /// <param name="withBase">Whether an adapter's base is copied beside it.</param>
    /// <param name="cancellation">Ends the trainer.</param>
    /// <returns>0, or an exit code after the trainer said why.</returns>
    /// <exception cref="CliException">The folder has something in it, or what was trained cannot be merged.</exception>
    public static async Task<int> RunAsync(
        BestReply best, SweepsHome home, string folder, bool merge, bool withBase, CancellationToken cancellation)
    {
        var method = SweepsJson.Read<TrialSettings>(best.SettingsJson).Method;
        if (merge && method is "prefix" or "prompt")
        {
            throw new CliException(
                $"trial {best.Trial.Trial} was trained with {method}: virtual tokens cannot be folded into weights", ExitCodes.BadInput, "leave --merge out");
        }

        var target = Arguments.NewFolder("--export", folder);

        // An adapter names its base by path, and the home's copy of a built-in one goes with its sweeps: it gets its own.
        var isHomes = best.Base.StartsWith(home.Bases + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        List<string> arguments = ["export", "--checkpoint", best.Checkpoint, "--base", best.Base, "--out", target];
        if (merge)
        {
            arguments.Add("--merge");
        }
        else if (withBase || isHomes)
        {
            arguments.Add("--with-base");
        }

        var code = await Scratch.WithFileAsync(best.SettingsJson, settings => best.Origin is null
            ? Context.Trainer().RunAsync([.. arguments, "--settings", settings], cancellation)
            : Scratch.WithFileAsync(SweepsJson.Write(best.Origin), origin =>
                Context.Trainer().RunAsync([.. arguments, "--settings", settings, "--origin", origin], cancellation)));
        return code is ExitCodes.Ok or ExitCodes.BadInput ? code : ExitCodes.Failed;
    }
}
