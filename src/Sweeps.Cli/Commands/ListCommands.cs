using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Sweeps.Cli.Show;
using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Core.States;

namespace Sweeps.Cli.Commands;

/// <summary><c>ls</c>, <c>show</c>, <c>trials</c>, <c>trial</c>, <c>logs</c>: what is and what was.</summary>
internal static class ListCommands
{
    private const string None = "no sweeps yet; start one: sweeps run quickstart";

    public static IEnumerable<Command> Create(Context context)
    {
        yield return List(context);
        yield return Show(context);
        yield return Trials(context);
        yield return Trial(context);
        yield return Logs(context);
    }

    private static Command List(Context context)
    {
        var command = new Command("ls", "List the sweeps of this home, newest first.");
        command.SetAction(async (parse, cancellation) =>
        {
            if (!File.Exists(Context.Home(parse).Ledger))
            {
                if (!Context.Json(parse))
                {
                    context.Console.MarkupLine(None);
                }

                return ExitCodes.Ok;
            }

            using var client = await Context.AnyAsync(parse, cancellation);
            var sweeps = await client.SweepsAsync(cancellation);
            if (Context.Json(parse))
            {
                foreach (var sweep in sweeps)
                {
                    Console.Out.WriteLine(SweepsJson.Write(sweep));
                }

                return ExitCodes.Ok;
            }

            var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
            table.AddColumns("sweep", "state", "trials", "best", "test", "launched", "took");
            foreach (var s in sweeps)
            {
                table.AddRow(
                    $"[bold]{Markup.Escape(s.Sweep)}[/]",
                    StateOf(s),
                    $"{s.Counts.Where(c => c.Key.HasEnded()).Sum(c => c.Value)}/{s.Trials}",
                    Format.Score(Value(s.Best?.Validation, s.Metric)),
                    Format.Score(Value(s.Best?.Test, s.Metric)),
                    Format.When(s.CreatedAt),
                    Format.Duration(s.ActiveSeconds));
            }

            context.Console.Write(table);
            if (sweeps.Count == 0)
            {
                context.Console.MarkupLine(None);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Show(Context context)
    {
        var sweep = Arguments.Sweep();
        var command = new Command("show", "Show a sweep: its state, leaderboard and best setting.") { sweep };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = await Context.AnyAsync(parse, cancellation);
            var detail = await client.SweepAsync(parse.GetValue(sweep)!, cancellation);
            if (Context.Json(parse))
            {
                Console.Out.WriteLine(SweepsJson.Write(detail));
                return ExitCodes.Ok;
            }

            context.Console.MarkupLine($"[bold]{Markup.Escape(detail.Summary.Sweep)}[/]  {StateOf(detail.Summary)}  launched {Format.When(detail.Summary.CreatedAt)}");
            Conclusion.Write(context.Console, detail, Context.Home(parse));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Trials(Context context)
    {
        var sweep = Arguments.Sweep();
        var command = new Command("trials", "List all trials of a sweep, best first.") { sweep };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = await Context.AnyAsync(parse, cancellation);
            var detail = await client.SweepAsync(parse.GetValue(sweep)!, cancellation);
            if (Context.Json(parse))
            {
                // One object a trial: its decisions are in it.
                foreach (var trial in Leaderboard.Order(detail).DistinctBy(line => line.Trial))
                {
                    Console.Out.WriteLine(SweepsJson.Write(trial));
                }

                return ExitCodes.Ok;
            }

            context.Console.Write(Leaderboard.Render(detail, int.MaxValue, $"[bold]{Markup.Escape(detail.Summary.Sweep)}[/]", context.Console.Profile.Width));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Trial(Context context)
    {
        var sweep = new Argument<string>("sweep") { Description = "Id of the sweep, or `last`." };
        var number = Arguments.Trial();
        var command = new Command("trial", "Show one trial: settings, curve, evaluations, attempts.") { sweep, number };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = await Context.AnyAsync(parse, cancellation);
            var detail = await client.TrialAsync(parse.GetValue(sweep)!, parse.GetValue(number), cancellation);
            if (Context.Json(parse))
            {
                Console.Out.WriteLine(SweepsJson.Write(detail));
                return ExitCodes.Ok;
            }

            TrialPage.Write(context.Console, detail);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Logs(Context context)
    {
        var sweep = Arguments.Sweep();
        var trial = new Option<int?>("--trial") { Description = "Of this trial only.", HelpName = "N" }.Whole(1, int.MaxValue);
        var lines = new Option<int>("--lines", "-n") { Description = "At most so many, the newest.", DefaultValueFactory = _ => 200, HelpName = "N" }.AtLeast(1);
        var command = new Command("logs", "What happened in a sweep: leases, checkpoints, failures, resumes.") { sweep, trial, lines };
        command.SetAction(async (parse, cancellation) =>
        {
            using var client = await Context.AnyAsync(parse, cancellation);
            var detail = await client.SweepAsync(parse.GetValue(sweep)!, cancellation);
            if (parse.GetValue(trial) is { } asked && detail.Trials.All(t => t.Trial != asked))
            {
                throw new CliException($"{detail.Summary.Sweep} has no trial {asked}", ExitCodes.NotFound, $"it has {detail.Trials.Count}: sweeps trials {detail.Summary.Sweep}");
            }

            var newest = new Queue<Core.Ledger.EventRow>();
            long above = 0;
            while (await client.EventsAsync(detail.Summary.Sweep, above, 1000, cancellation) is { Count: > 0 } page)
            {
                above = page[^1].Number;
                foreach (var row in page.Where(r => parse.GetValue(trial) is not { } t || r.Job is { Kind: Core.Ids.JobKind.Train } job && job.Number == t))
                {
                    newest.Enqueue(row);
                    if (newest.Count > parse.GetValue(lines))
                    {
                        newest.Dequeue();
                    }
                }
            }

            foreach (var row in newest)
            {
                Console.Out.WriteLine(Context.Json(parse)
                    ? SweepsJson.Write(row)
                    : string.Create(CultureInfo.InvariantCulture, $"{Format.When(row.At)}  {(row.Job is { } job ? $"{Format.Word(job.Kind)} {job.Number}" : "sweep"),-12} {(row.Attempt is { } a ? $"attempt {a}" : string.Empty),-10} {row.Kind,-18} {row.Message}"));
            }

            if (!Context.Json(parse))
            {
                context.Console.MarkupLine($"[grey]trainers' own output: {Markup.Escape(Context.Home(parse).Logs)}/[/]");
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static double? Value(Scores? scores, string metric) => metric switch
    {
        "accuracy" => scores?.Accuracy,
        "loss" => scores?.Loss,
        _ => scores?.MacroF1,
    };

    private static string StateOf(SweepSummary sweep) => sweep.State switch
    {
        SweepState.Completed => "[green]completed[/]",
        SweepState.Failed => "[red]failed[/]",
        SweepState.Cancelled => "cancelled",
        var s when sweep.Wanted != Wanted.Run && s != SweepState.Paused => $"[yellow]{Format.Word(s)}, {Format.Word(sweep.Wanted)} wanted[/]",
        var s => $"[yellow]{Format.Word(s)}[/]",
    };
}
