using System.CommandLine;
using Sweeps.Cli.Hosting;
using Sweeps.Core.Homes;

namespace Sweeps.Cli.Commands;

/// <summary>After a reboot or a crash, any command says that something is unfinished.</summary>
internal static class Reminder
{
    /// <summary>Commands that start the silo by themselves.</summary>
    private static readonly string[] Starters = ["run", "launch", "up", "watch"];

    public static void Write(ParseResult parse)
    {
        if (parse.Errors.Count > 0 || Starters.Contains(parse.CommandResult.Command.Name, StringComparer.Ordinal))
        {
            return;
        }

        var home = Context.Home(parse);
        if (Unfinished(home) is { Count: > 0 } sweeps && new SiloProcess(home, new SiloStartOptions()).Find() is null)
        {
            Console.Error.WriteLine($"{sweeps.Count} unfinished {(sweeps.Count == 1 ? "sweep" : "sweeps")}: sweeps up");
        }
    }

    /// <summary>The unfinished sweeps as the last silo left them.</summary>
    public static IReadOnlyList<string> Unfinished(SweepsHome home)
    {
        try
        {
            return [.. File.ReadLines(home.UnfinishedFile).Where(l => l.Length > 0)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
