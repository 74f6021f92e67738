using System.CommandLine;
using Spectre.Console;
using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Core.States;

namespace Sweeps.Cli.Commands;

/// <summary><c>pause</c>, <c>resume</c>, <c>cancel</c>, <c>retry</c>, <c>rm</c>: what a person wants of a sweep or trial.</summary>
internal static class WishCommands
{
    public static IEnumerable<Command> Create(Context context)
    {
        yield return Wish(context, "pause", "Checkpoint and set aside a sweep, or one trial of it.", Wanted.Pause);
        yield return Wish(context, "resume", "Go on with a paused sweep or trial.", Wanted.Run);
        yield return Wish(context, "cancel", "End a sweep, or one trial of it; results so far stay.", Wanted.Cancel);
        yield return Retry(context);
        yield return Remove(context);
    }

    private static Command Wish(Context context, string name, string description, Wanted wanted)
    {
        var sweep = new Argument<string>("sweep") { Description = "Id of the sweep, an unambiguous beginning of it, or `last`." };
        var trial = new Option<int?>("--trial") { Description = "Only this trial.", HelpName = "N" }.Whole(1, int.MaxValue);
        var command = new Command(name, description) { sweep, trial };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = await Context.AnyAsync(parse, cancellation);
            return Say(context, parse, await client.WishAsync(parse.GetValue(sweep)!, parse.GetValue(trial), wanted, cancellation));
        });
        return command;
    }

    private static Command Retry(Context context)
    {
        var sweep = new Argument<string>("sweep") { Description = "Id of the sweep, or `last`." };
        var trials = new Option<int[]>("--trial") { Description = "These trials (default: all failed and cancelled ones).", AllowMultipleArgumentsPerToken = true, HelpName = "N" };
        var command = new Command("retry", "Give failed or cancelled trials another go, from their last checkpoint.") { sweep, trials };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = await Context.AnyAsync(parse, cancellation);
            var asked = parse.GetValue(trials);
            return Say(context, parse, await client.RetryAsync(parse.GetValue(sweep)!, asked is { Length: > 0 } ? asked : null, cancellation));
        });
        return command;
    }

    private static Command Remove(Context context)
    {
        var sweep = new Argument<string>("sweep") { Description = "Id of the sweep, an unambiguous beginning of it, or `last`." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var command = new Command("rm", "Remove an ended sweep with its checkpoints.") { sweep, yes };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = await Context.AnyAsync(parse, cancellation);
            var detail = await client.SweepAsync(parse.GetValue(sweep)!, cancellation);
            if (!parse.GetValue(yes) && context.Console.Profile.Capabilities.Interactive
                && !await context.Console.ConfirmAsync($"Remove {detail.Summary.Sweep} with its {detail.Trials.Count} trials and their checkpoints?", defaultValue: false, cancellation))
            {
                return ExitCodes.Ok;
            }

            return Say(context, parse, await client.RemoveAsync(detail.Summary.Sweep, cancellation));
        });
        return command;
    }

    private static int Say(Context context, ParseResult parse, WishReply reply)
    {
        if (Context.Json(parse))
        {
            Console.Out.WriteLine(SweepsJson.Write(reply));
        }
        else
        {
            context.Console.MarkupLine(reply.Done ? Markup.Escape(reply.Message) : $"[red]{Markup.Escape(reply.Message)}[/]");
        }

        return reply.Done ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
