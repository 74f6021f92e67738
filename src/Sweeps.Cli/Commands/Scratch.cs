namespace Sweeps.Cli.Commands;

/// <summary>Files that live as long as a command that reads them.</summary>
internal static class Scratch
{
    /// <summary>Puts a text in a file, runs what reads it, and removes it.</summary>
    public static async Task<T> WithFileAsync<T>(string text, Func<string, Task<T>> run)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, text);
            return await run(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
