using Sweeps.Core.Api;

namespace Sweeps.Cli.Commands;

/// <summary>Files that a person asked for: one that cannot be written is a wrong option, not a failure of ours.</summary>
internal static class Output
{
    private const int DiskFull = 28;
    private const int MountedReadOnly = 30;

    /// <exception cref="CliException">The place cannot be written.</exception>
    public static void Write(string path, string text) => Try(path, () => File.WriteAllText(path, text));

    /// <param name="path">The place.</param>
    /// <param name="write">Writes it.</param>
    /// <param name="option">The option that names another place.</param>
    /// <exception cref="CliException">The place cannot be written.</exception>
    public static void Try(string path, Action write, string option = "--out")
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
                FileNotFoundException => "nothing can be created there",
                _ when e.HResult == DiskFull => "the disk is full",
                _ when e.HResult == MountedReadOnly => "its file system is mounted read-only",
                _ => e.Message,
            };
            throw new CliException($"{path} cannot be written: {why}", ExitCodes.BadInput, $"name another place with {option}");
        }
    }
}
