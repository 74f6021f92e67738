using System.CommandLine;
using System.Globalization;
using Sweeps.Core.Homes;
using Sweeps.Data.Caching;
using Sweeps.Trainer.Serving;

namespace Sweeps.Trainer.Commands;

/// <summary><c>train</c>: serves a worker over standard input and output (src/Sweeps.Core/Trainer/PROTOCOL.md).</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var home = new Option<string?>("--home")
        {
            Description = "The home that it works for: found in the process list, and the place of the slot's lock.",
            HelpName = "DIR",
        };
        var slot = new Option<int?>("--slot") { Description = "Locks slots/N.lock of the home for its life.", HelpName = "N" };
        var slotLock = new Option<string?>("--slot-lock")
        {
            Description = "Locks this file instead (default: $SWEEPS_SLOT_LOCK).",
            HelpName = "FILE",
        };
        var threads = TrainerCommandLine.Threads();
        var command = new Command("train", "Serves jobs to a worker: frames on standard input and output.") { home, slot, slotLock, threads };
        command.SetAction(parse =>
        {
            if (Console.IsInputRedirected is false)
            {
                Console.Error.WriteLine("train speaks frames with a worker over pipes and is of no use in a terminal. To train: sweeps run grid.yaml");
                return TrainerExit.BadInput;
            }

            var file = parse.GetValue(slotLock)
                ?? (Environment.GetEnvironmentVariable("SWEEPS_SLOT_LOCK") is { Length: > 0 } named ? named : null)
                ?? (parse.GetValue(slot) is { } number && parse.GetValue(home) is { } root
                    ? Path.Combine(new SweepsHome(root).Slots, number.ToString(CultureInfo.InvariantCulture) + ".lock")
                    : null);
            var cache = parse.GetValue(home) is { } folder ? new TokenCache(new SweepsHome(folder).TokenCache, TimeProvider.System) : null;
            Descriptors.EndNow(Serve(file, cache, parse.GetValue(threads)));
            return TrainerExit.Ok;
        });
        return command;
    }

    private static int Serve(string? slotLock, TokenCache? cache, int threads)
    {
        // First of all: nothing that a library prints may reach the worker's pipe.
        var (input, output) = Descriptors.TakePipes();
        Descriptors.EndWith(input);
        using var duties = ProcessDuties.Assume(slotLock, TimeProvider.System);
        if (duties is null)
        {
            Console.Error.WriteLine($"another process holds the slot's lock {slotLock}");
            return TrainerExit.SlotTaken;
        }

        return TrainerCommandLine.Guard(threads, () =>
        {
            using var server = new TrainServer(input, output, cache, TimeProvider.System);
            return server.Run();
        });
    }
}
