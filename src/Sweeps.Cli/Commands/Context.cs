using System.CommandLine;
using Spectre.Console;
using Sweeps.Cli.Hosting;
using Sweeps.Cli.Http;
using Sweeps.Cli.Launching;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;

namespace Sweeps.Cli.Commands;

/// <summary>What every command shares: the options that all take, the console, the home and its silo.</summary>
internal sealed class Context(IAnsiConsole console, TimeProvider time)
{
    public static Option<string?> HomeOption { get; } = new("--home")
    {
        Description = "Folder for the ledger, checkpoints and logs (default: $SWEEPS_HOME, else ~/.sweeps). Two homes work side by side.",
        Recursive = true,
        HelpName = "DIR",
    };

    public static Option<bool> JsonOption { get; } = new("--json")
    {
        Description = "Print JSON, one object a line, for programs.",
        Recursive = true,
    };

    public IAnsiConsole Console { get; } = console;

    public TimeProvider Time { get; } = time;

    /// <exception cref="CliException">There is no home folder, or it is another user's.</exception>
    public static SweepsHome Home(ParseResult parse)
    {
        SweepsHome home;
        try
        {
            home = parse.GetValue(HomeOption) is { } asked ? new SweepsHome(asked) : SweepsHome.Default();
        }
        catch (DirectoryNotFoundException e)
        {
            throw new CliException(e.Message, ExitCodes.BadHome, "name one: --home DIR");
        }

        return HomeTrouble.Closed(home) is { } closed ? throw closed : home;
    }

    public static bool Json(ParseResult parse) => parse.GetValue(JsonOption);

    public static SiloProcess Silo(ParseResult parse, SiloStartOptions? options = null) => new(Home(parse), options ?? new SiloStartOptions());

    public static TrainerTool Trainer() => new(Builds.Find());

    /// <summary>The running silo.</summary>
    /// <exception cref="CliException">None runs.</exception>
    public static async Task<SiloClient> RunningAsync(ParseResult parse, CancellationToken cancellation)
    {
        var silo = Silo(parse);
        return await silo.TryConnectAsync(cancellation)
            ?? throw new CliException($"no silo runs for the home {silo.Home.Root}", ExitCodes.NoSilo, $"start it: sweeps up{silo.Home.OnCommandLine()}");
    }

    /// <summary>
    /// The silo, started for the length of this command when none runs and the home has a ledger: reading a result needs
    /// no <c>sweeps up</c>.
    /// </summary>
    /// <exception cref="CliException">The home has no ledger yet, or has unfinished sweeps and no silo.</exception>
    public static async Task<SiloClient> AnyAsync(ParseResult parse, CancellationToken cancellation)
    {
        var silo = Silo(parse);
        if (!File.Exists(silo.Home.Ledger))
        {
            throw new CliException($"the home {silo.Home.Root} has no sweeps yet", ExitCodes.NoSilo, $"start one: sweeps run quickstart{silo.Home.OnCommandLine()}");
        }

        // Nor does a look bring one back that is just being taken down.
        if (await silo.TryConnectAsync(cancellation) is { } running)
        {
            return running;
        }

        // A silo goes on with whatever is unfinished: that is for `up` to decide, not for a look at a list.
        if (Reminder.Unfinished(silo.Home) is { Count: > 0 })
        {
            throw new CliException("no silo runs for this home", ExitCodes.NoSilo, $"sweeps up{silo.Home.OnCommandLine()} starts it and goes on with what is unfinished");
        }

        return await silo.EnsureAsync(stays: false, cancellation);
    }
}
