using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Sweeps.Cli.Hosting;
using Sweeps.Cli.Http;
using Sweeps.Cli.Launching;
using Sweeps.Cli.Show;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Sweeps.Core.Planning;
using Sweeps.Core.States;

namespace Sweeps.Cli.Commands;

/// <summary><c>run</c> and <c>launch</c>: from a spec to a running sweep, watched or not.</summary>
internal static class RunCommand
{
    private static readonly Argument<string> Spec = new("spec")
    {
        Description = "A grid.yaml, or the name of a built-in example (see `sweeps examples`): quickstart is the first to try.",
    };

    private static readonly Option<bool> Again = new("--again")
    {
        Description = "Launch a new sweep even when an unfinished one asks for the same.",
    };

    private static readonly Option<bool> Attach = new("--attach")
    {
        Description = "When an unfinished sweep asks for the same, watch that one without asking.",
    };

    private static readonly Option<string?> ClientId = new("--id")
    {
        Description = "Launch id of your own: the same id never launches twice (for scripts that repeat after a lost answer).",
        HelpName = "ID",
    };

    private static readonly Option<int?> Slots = new Option<int?>("--slots")
    {
        Description = "Trials at once on this machine, when this command starts the silo (default: one a core, fewer when memory is short).",
        HelpName = "N",
    }.Whole(1, 1024);

    private static readonly Option<int?> Port = new Option<int?>("--port")
    {
        Description = "HTTP port, when this command starts the silo (default: a free one).",
        HelpName = "N",
    }.Whole(1, 65_535);

    public static IEnumerable<Command> Create(Context context)
    {
        var run = new Command("run", "Launch a grid and watch it to its leaderboard; starts everything that is needed.")
        {
            Spec, Again, Attach, ClientId, Slots, Port,
        };
        run.SetAction((parse, cancellation) => RunAsync(context, parse, watch: true, cancellation));
        yield return run;

        var launch = new Command("launch", "Launch a grid on the running silo (or a new one that stays) and return at once.")
        {
            Spec, Again, Attach, ClientId, Slots, Port,
        };
        launch.SetAction((parse, cancellation) => RunAsync(context, parse, watch: false, cancellation));
        yield return launch;
    }

    private static async Task<int> RunAsync(Context context, ParseResult parse, bool watch, CancellationToken cancellation)
    {
        var json = Context.Json(parse);
        var silo = Context.Silo(parse, new SiloStartOptions(parse.GetValue(Port), parse.GetValue(Slots)));
        var file = SpecFile.Open(parse.GetValue(Spec)!);
        var scratch = Path.Combine(Path.GetTempPath(), $"sweeps-{Environment.ProcessId}");
        var before = silo.Find();
        string? sweep = null;
        try
        {
            Launch launch;
            SiloClient client;
            if (json)
            {
                launch = await Launch.PrepareAsync(file, Context.Trainer(), scratch, cancellation);
                client = await silo.EnsureAsync(stays: !watch, cancellation);
            }
            else
            {
                (launch, client) = await context.Console.Status().StartAsync("reading spec and data ...", async status =>
                {
                    var prepared = await Launch.PrepareAsync(file, Context.Trainer(), scratch, cancellation);
                    status.Status(before is null ? "starting the silo ..." : "asking the silo ...");
                    return (prepared, await silo.EnsureAsync(stays: !watch, cancellation));
                });
                Announce(context.Console, launch);
            }

            using (client)
            {
                if (!json)
                {
                    SiloCommands.Ignored(context, parse, before, await client.StatusAsync(cancellation));
                }

                sweep = await FindSameAsync(context, client, launch, parse, watch, cancellation);
                if (sweep is not null)
                {
                    Launched(context.Console, silo, new LaunchReply(sweep, Fresh: false, launch.Plan.Trials.Count), json, watch);
                }
                else
                {
                    var reply = await launch.SendAsync(client, parse.GetValue(ClientId) ?? Guid.NewGuid().ToString("N"), cancellation);
                    sweep = reply.Sweep;
                    Launched(context.Console, silo, reply, json, watch);
                }

                return watch
                    ? await new Watcher(silo, context.Console, context.Time).WatchAsync(client, sweep, json, cancellation)
                    : ExitCodes.Ok;
            }
        }
        catch (OperationCanceledException) when (sweep is not null)
        {
            WatchCommand.Left(context, parse, sweep);
            return ExitCodes.Left;
        }
        finally
        {
            if (Directory.Exists(scratch))
            {
                Directory.Delete(scratch, recursive: true);
            }
        }
    }

    private static void Announce(IAnsiConsole console, Launch launch)
    {
        var plan = launch.Plan;
        var rows = string.Join(", ", launch.Data.Facts.Rows.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Value:N0} {r.Key}")));
        console.MarkupLine(
            $"[bold]{Format.Plural(plan.Trials.Count, "trial")}[/] on {Markup.Escape(launch.Spec.Defaults.Base)} ({Format.Count(launch.Model?.Parameters)} parameters); "
            + $"rows: {rows}; {launch.Data.Facts.Labels.Count} classes");
        foreach (var warning in launch.Data.Warnings.Concat(plan.Warnings))
        {
            console.MarkupLine($"[yellow]note:[/] {Markup.Escape(warning)}");
        }
    }

    private static void Launched(IAnsiConsole console, SiloProcess silo, LaunchReply reply, bool json, bool watch)
    {
        if (json)
        {
            Console.Out.WriteLine(SweepsJson.Write(new { Event = "launched", reply.Sweep, reply.Fresh, reply.Trials }));
            return;
        }

        console.MarkupLine($"{(reply.Fresh ? "launched" : "already launched:")} [bold]{Markup.Escape(reply.Sweep)}[/]  [grey]home {Markup.Escape(silo.Home.Root)}[/]");
        if (!watch)
        {
            console.MarkupLine($"watch it: sweeps watch {Markup.Escape(reply.Sweep + silo.Home.OnCommandLine())}");
        }
    }

    private static async Task<string?> FindSameAsync(
        Context context, SiloClient client, Launch launch, ParseResult parse, bool watch, CancellationToken cancellation)
    {
        if (parse.GetValue(Again))
        {
            return null;
        }

        var fingerprint = SweepFingerprint.Of(
            launch.File.Yaml, launch.File.AbsoluteBase(launch.Spec), launch.Data.Files.Select(f => (f.File.Role, f.File.Sha256)));
        var same = (await client.SweepsAsync(cancellation)).FirstOrDefault(s => s.Fingerprint == fingerprint && !s.State.HasEnded());
        if (same is null)
        {
            return null;
        }

        if (parse.GetValue(Attach) || Context.Json(parse))
        {
            return same.Sweep;
        }

        context.Console.MarkupLine($"[yellow]{Markup.Escape(same.Sweep)} asks for the same and is unfinished ({Format.Word(same.State)}).[/]");
        if (!context.Console.Profile.Capabilities.Interactive)
        {
            context.Console.WriteLine($"{(watch ? "Watching that one" : "It goes on, nothing new is launched")}; --again launches a new one.");
            return same.Sweep;
        }

        return await context.Console.ConfirmAsync(watch ? "Watch that one? (no: launch a new one)" : "Leave it at that one? (no: launch a new one)", defaultValue: true, cancellation) ? same.Sweep : null;
    }
}
