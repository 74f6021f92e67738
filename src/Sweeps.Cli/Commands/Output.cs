using Sweeps.Core.Api;

namespace Sweeps.Cli.Commands;

/// <summary>Files that a person asked for: one that cannot be written is a wrong option, not a failure of ours.</summary>
internal static class Output
{
    /// <exception cref="CliException">The place cannot be written.</exception>
    public static void Write(string path, string text) => Try(path, () => File.WriteAllText(path, text));

    /// <exception cref="CliException">The place cannot be written.</exception>
    public static void Try(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var why = e switch
            {
                UnauthorizedAccessException => "permission is denied",
                DirectoryNotFoundException => "its folder does not exist",
                _ => e.Message,
            };
            throw new CliException($"{path} cannot be written: {why}", ExitCodes.BadInput, "name another place with --out");
        }
    }
}
