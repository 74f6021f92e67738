using System.CommandLine;
using Sweeps.Core.Api;

namespace Sweeps.Cli.Commands;

/// <summary>Arguments that several commands take.</summary>
internal static class Arguments
{
    public static Argument<string> Sweep() => new("sweep")
    {
        Description = "Id of the sweep, an unambiguous beginning of it, or `last`.",
        DefaultValueFactory = _ => "last",
    };

    public static Argument<int> Trial() => new("trial") { Description = "Number of the trial." };

    /// <summary>A folder to write, made if it is not there: nothing of anybody's is overwritten.</summary>
    /// <exception cref="CliException">It has something in it, or cannot be made.</exception>
    public static string NewFolder(string option, string folder)
    {
        if (folder.Length == 0)
        {
            throw new CliException($"{option} needs a folder", ExitCodes.BadInput, $"for example {option} my-model");
        }

        var target = Path.GetFullPath(folder);
        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
        {
            throw new CliException($"{target} is {(File.Exists(target) ? "a file" : "not empty")}", ExitCodes.BadInput, "name a new folder");
        }

        Output.Try(target, () => Directory.CreateDirectory(target), option);
        return target;
    }

    /// <summary>A file to write later, tried now: nothing of anybody's is overwritten, and nothing is left there.</summary>
    /// <exception cref="CliException">It is there already, or cannot be made.</exception>
    public static string NewFile(string option, string file)
    {
        var target = Path.GetFullPath(file);
        if (Path.Exists(target))
        {
            throw new CliException(
                $"{option}: {target} is {(File.Exists(target) ? "there already" : "a folder")}", ExitCodes.BadInput, $"name a new file with {option}");
        }

        Output.Try(target, () => new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose(), option);
        return target;
    }
}
