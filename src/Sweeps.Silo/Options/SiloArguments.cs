using System.Globalization;
using System.Net;
using Sweeps.Core.Homes;

namespace Sweeps.Silo.Options;

/// <summary>Reads the command line.</summary>
internal static class SiloArguments
{
    public const string Help = """
        Sweeps.Silo: holds a home, runs its sweeps and answers on 127.0.0.1. `sweeps up` and `sweeps run` start it.

        usage: Sweeps.Silo --home DIR [options]
          --home DIR            the home (ledger, checkpoints, logs); required
          --port N              port of HTTP; default: a free one, written to DIR/silo.json
          --listen ADDRESS      127.0.0.1 (default) or ::1; others need authentication, which does not exist yet
          --trainer PATH        the trainer, an executable or .dll; default: ../trainer or ../Sweeps.Trainer beside the silo
          --trainer-args TEXT   arguments of the trainer, separated by spaces; default: train
          --root DIR            a folder that base models may be read from, besides the user's home; may be repeated
          --slots N             slots, 1 to 1024; default: one a core, fewer when memory is short
          --stay                stay after the last sweep
          --idle SECONDS        else end so long after the last sweep and request; default 60
          --grace SECONDS       longest drain at SIGTERM; default 30
          --build HASH          build hash that the starting command compares with its own
          --version, --help

        environment (for tests): SWEEPS_LEASE_SECONDS (15; heartbeats, self-fence and pulse follow it),
          SWEEPS_HEARTBEAT_SECONDS, SWEEPS_FENCE_SECONDS, SWEEPS_PULSE_SECONDS,
          SWEEPS_STILL_SECONDS (15: a trainer in step or evaluate without CPU time for so long hangs),
          SWEEPS_MIN_FREE_MB (512: leasing pauses while less is free)

        exit codes: 0 ended as asked, 1 unforeseen, 2 wrong option, 3 the home cannot be used, 4 the port is in use
        """;

    /// <summary>Reads options.</summary>
    /// <exception cref="UsageException">One is wrong.</exception>
    public static SiloSettings Read(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        SweepsHome? home = null;
        string? trainer = null;
        var roots = new List<string> { Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) };
        var options = new SiloSettings
        {
            Home = new SweepsHome("."),
            Trainer = string.Empty,
            Roots = roots,
            Lease = LeaseTimes.Read(environment),
            Still = LeaseTimes.Seconds(environment, "SWEEPS_STILL_SECONDS") ?? TimeSpan.FromSeconds(15),
            MinFreeMegabytes = environment("SWEEPS_MIN_FREE_MB") is { Length: > 0 } free
                ? Number("SWEEPS_MIN_FREE_MB", free, 0, 1_000_000)
                : 512,
        };
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            if (name == "--stay")
            {
                options = options with { Stays = true };
                continue;
            }

            if (i + 1 >= arguments.Count)
            {
                throw new UsageException($"{name}: " + (Known(name) ? "a value is needed" : "no such option (--help lists them)"));
            }

            var value = arguments[++i];
            switch (name)
            {
                case "--home":
                    home = new SweepsHome(value);
                    break;
                case "--trainer":
                    trainer = value;
                    break;
                case "--root":
                    roots.Add(Path.GetFullPath(value));
                    break;
                default:
                    options = Apply(options, name, value);
                    break;
            }
        }

        home = home ?? throw new UsageException("--home DIR is needed");
        roots.Add(home.Root);
        return options with { Home = home, Trainer = TrainerProgram.Find(trainer), Roots = [.. roots.Where(Path.IsPathRooted).Distinct(StringComparer.Ordinal)] };
    }

    private static SiloSettings Apply(SiloSettings options, string name, string value) => name switch
    {
        "--port" => options with { Port = Number(name, value, 0, 65535) },
        "--listen" => options with { Listen = Loopback(value) },
        "--trainer-args" => options with
        {
            TrainerArguments = value.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        },
        "--slots" => options with { Slots = Number(name, value, 1, 1024) },
        "--idle" => options with { Idle = Seconds(name, value) },
        "--grace" => options with { Grace = Seconds(name, value) },
        "--build" => options with { Build = value },
        _ => throw new UsageException($"{name}: no such option (--help lists them)"),
    };

    private static bool Known(string name) =>
        name is "--home" or "--port" or "--listen" or "--trainer" or "--trainer-args" or "--root"
            or "--slots" or "--idle" or "--grace" or "--build";

    private static int Number(string name, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new UsageException($"{name} {value}: a whole number from {least} to {most} is needed");

    internal static TimeSpan Seconds(string name, string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= 86_400
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException($"{name} {value}: seconds from 0 to 86400 are needed");

    private static IPAddress Loopback(string value)
    {
        var address = value == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(value, out var parsed) ? parsed : null;
        return address is not null && IPAddress.IsLoopback(address)
            ? address
            : throw new UsageException(
                $"--listen {value}: only 127.0.0.1 and ::1 are allowed, because there is no authentication for other machines yet; "
                + "to look from elsewhere, forward the port (ssh -L)");
    }
}
