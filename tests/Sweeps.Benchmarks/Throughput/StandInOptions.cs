using System.Globalization;

namespace Sweeps.Benchmarks.Throughput;

/// <summary>Options of the stand-in trainer.</summary>
/// <param name="Home">The home, for the slot's lock.</param>
/// <param name="Slot">The slot.</param>
/// <param name="Seconds">Seconds an assignment, its checkpoint included. Default 0.1.</param>
/// <param name="Steps">Steps an assignment; more than one sends progress and beats at each. Default 1.</param>
/// <param name="Fault">
/// What the first attempt of a job does at its second step: <c>none</c> (default), <c>crash</c> (abort), <c>hang</c>
/// (silence), <c>garbage</c> (bytes that are no frame), <c>fail</c> (says that it failed), <c>deaf</c> (ignores commands).
/// </param>
internal sealed record StandInOptions(string Home, int Slot, double Seconds, int Steps, string Fault)
{
    /// <summary>Reads them.</summary>
    /// <exception cref="FormatException">An unknown option, or a value of another form.</exception>
    public static StandInOptions Parse(string[] args)
    {
        var options = new StandInOptions(string.Empty, 0, 0.1, 1, "none");
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            var value = args[i + 1];
            options = args[i] switch
            {
                "--home" => options with { Home = value },
                "--slot" => options with { Slot = int.Parse(value, CultureInfo.InvariantCulture) },
                "--seconds" => options with { Seconds = double.Parse(value, CultureInfo.InvariantCulture) },
                "--steps" => options with { Steps = int.Parse(value, CultureInfo.InvariantCulture) },
                "--fault" => options with { Fault = value },
                _ => throw new FormatException($"unknown option {args[i]}"),
            };
        }

        return options.Home.Length > 0 ? options : throw new FormatException("--home is missing");
    }
}
