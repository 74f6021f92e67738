using System.CommandLine;
using Spectre.Console;
using Sweeps.Cli.Show;
using Sweeps.Core.Api;

namespace Sweeps.Cli.Commands;

/// <summary><c>watch</c>: the live picture of a sweep.</summary>
internal static class WatchCommand
{
    public static Command Create(Context context)
    {
        var sweep = Arguments.Sweep();
        var command = new Command("watch", "Show a sweep live until it ends; restarts a silo that died.") { sweep };
        command.SetAction(async (parse, cancellation) =>
        {
            var silo = Context.Silo(parse);
            using var client = await Context.AnyAsync(parse, cancellation);
            var detail = await client.SweepAsync(parse.GetValue(sweep)!, cancellation);
            try
            {
                return await new Watcher(silo, context.Console, context.Time)
                    .WatchAsync(client, detail.Summary.Sweep, Context.Json(parse), cancellation);
            }
            catch (OperationCanceledException)
            {
                Left(context, parse, detail.Summary.Sweep);
                return ExitCodes.Left;
            }
        });
        return command;
    }

    /// <summary>What Ctrl-C says.</summary>
    public static void Left(Context context, ParseResult parse, string sweep)
    {
        if (Context.Json(parse))
        {
            return;
        }

        var home = Context.Home(parse).OnCommandLine();
        context.Console.MarkupLine($"[yellow]Left the watch; {Markup.Escape(sweep)} goes on.[/]  Back to it: sweeps watch {Markup.Escape(sweep + home)}   End it: sweeps cancel {Markup.Escape(sweep + home)}");
    }
}
