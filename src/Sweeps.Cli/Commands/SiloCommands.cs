using System.CommandLine;
using System.CommandLine.Parsing;
using Spectre.Console;
using Sweeps.Cli.Hosting;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Sweeps.Core.States;

namespace Sweeps.Cli.Commands;

/// <summary><c>up</c> and <c>down</c>: the silo itself.</summary>
internal static class SiloCommands
{
    public static IEnumerable<Command> Create(Context context)
    {
        yield return Up(context);
        yield return Down(context);
    }

    private static Command Up(Context context)
    {
        var port = new Option<int?>("--port") { Description = "HTTP port (default: a free one, recorded in the home).", HelpName = "N" }.Whole(1, 65_535);
        var slots = new Option<int?>("--slots") { Description = "Trials at once (default: one a core, fewer when memory is short).", HelpName = "N" }.Whole(1, 1024);
        var grace = new Option<double?>("--grace") { Description = "Longest drain at SIGTERM, seconds (default 30).", HelpName = "SECONDS" }.Seconds();
        var roots = new Option<string[]>("--root") { Description = "A folder that base models may be read from, besides your home folder and the spec's own; may be given again.", HelpName = "DIR" }.Folders();
        var install = new Option<bool>("--install") { Description = "Write a systemd user unit that starts the silo at login and restarts it." };
        var command = new Command("up", "Start the silo, which goes on with every unfinished sweep, and return once it is ready.") { port, slots, grace, roots, install };
        command.SetAction(async (parse, cancellation) =>
        {
            var options = new SiloStartOptions(parse.GetValue(port), parse.GetValue(slots), parse.GetValue(grace), parse.GetValue(roots));
            var silo = Context.Silo(parse, options);
            if (parse.GetValue(install))
            {
                return await SystemdUnit.InstallAsync(context.Console, silo, cancellation);
            }

            var before = silo.Find();
            if (before is not null && options.Port is { } asked && new Uri(before.Url).Port != asked)
            {
                throw new CliException($"a silo of this home already runs at {before.Url}", ExitCodes.PortInUse, $"sweeps down{silo.Home.OnCommandLine()}, then up with the port");
            }

            using var client = await silo.EnsureAsync(stays: true, cancellation);
            var status = await client.StatusAsync(cancellation);
            if (Context.Json(parse))
            {
                Console.Out.WriteLine(SweepsJson.Write(new { client.Address.Url, status.ProcessId, status.Home, status.Version, status.Slots, status.Unfinished, Started = before is null }));
                return ExitCodes.Ok;
            }

            context.Console.MarkupLine($"{(before is null ? "silo ready" : "silo already runs")} at [bold]{client.Address.Url}[/] (pid {status.ProcessId}, {status.Slots} slots, home {Markup.Escape(status.Home)})");
            Ignored(context, parse, before, status);
            context.Console.MarkupLine($"metrics: {client.Address.Url}/metrics   log: {Markup.Escape(silo.Home.Logs)}/silo.log");
            var home = Markup.Escape(silo.Home.OnCommandLine());
            var paused = (await client.SweepsAsync(cancellation)).Where(s => s.State == SweepState.Paused).Select(s => s.Sweep).ToList();
            if (status.Unfinished.Except(paused).ToList() is { Count: > 0 } going)
            {
                context.Console.MarkupLine($"goes on with {Markup.Escape(string.Join(", ", going))}   watch: sweeps watch {Markup.Escape(going[^1])}{home}");
            }

            if (paused.Count > 0)
            {
                context.Console.MarkupLine($"paused: {Markup.Escape(string.Join(", ", paused))}   go on: sweeps resume {Markup.Escape(paused[^1])}{home}");
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Says which options a silo that already runs could not take.</summary>
    public static void Ignored(Context context, ParseResult parse, SiloAddress? before, SiloStatus status)
    {
        string[] own = ["--port", "--slots", "--grace", "--root"];
        var given = parse.CommandResult.Children.OfType<OptionResult>()
            .Where(option => !option.Implicit && own.Contains(option.Option.Name, StringComparer.Ordinal))
            .Select(option => option.Option.Name)
            .ToList();
        if (before is not null && given.Count > 0)
        {
            context.Console.MarkupLine(
                $"[yellow]note:[/] the silo already runs, with {status.Slots} slots at {before.Url}; it does not take {string.Join(", ", given)}. To change: sweeps down{Markup.Escape(Context.Home(parse).OnCommandLine())}, then again");
        }
    }

    private static Command Down(Context context)
    {
        var grace = new Option<double?>("--grace") { Description = "Longest drain, seconds (default: the silo's own).", HelpName = "SECONDS" }.Seconds();
        var command = new Command("down", "Drain (checkpoint what runs) and end the silo; nothing is lost.") { grace };
        command.SetAction(async (parse, cancellation) =>
        {
            var silo = Context.Silo(parse);
            if (silo.Find() is not { } address)
            {
                Say("no silo runs for this home");
                return ExitCodes.Ok;
            }

            var process = ProcessIdentity.Of(address.ProcessId);
            using (var client = await silo.TryConnectAsync(cancellation))
            {
                if (client is not null)
                {
                    await client.ShutdownAsync(parse.GetValue(grace), cancellation);
                }
            }

            while (process is not null && process.IsAlive())
            {
                await Task.Delay(50, cancellation);
            }

            Say("silo ended");
            return ExitCodes.Ok;

            void Say(string text)
            {
                if (Context.Json(parse))
                {
                    Console.Out.WriteLine(SweepsJson.Write(new { Event = text }));
                }
                else
                {
                    context.Console.WriteLine(text);
                }
            }
        });
        return command;
    }
}
