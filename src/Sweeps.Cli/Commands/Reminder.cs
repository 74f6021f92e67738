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
        if (new SiloProcess(home, new SiloStartOptions()).Find() is null && Line(home) is { } line)
        {
            Console.Error.WriteLine(line);
        }
    }

    /// <summary>What to say of a home that no silo holds; null: nothing is unfinished.</summary>
    public static string? Line(SweepsHome home)
    {
        var sweeps = UnfinishedSweeps.Read(home);
        var paused = sweeps.Count(sweep => sweep.Paused);
        return sweeps.Count == 0
            ? null
            : $"{sweeps.Count} unfinished {(sweeps.Count == 1 ? "sweep" : "sweeps")}"
                + (paused == 0 ? string.Empty : sweeps.Count == paused ? ", paused" : $", {paused} of them paused")
                + $": sweeps up{home.OnCommandLine()}";
    }

    /// <summary>The unfinished sweeps as the last silo left them.</summary>
    public static IReadOnlyList<string> Unfinished(SweepsHome home) => [.. UnfinishedSweeps.Read(home).Select(sweep => sweep.Sweep)];
}
