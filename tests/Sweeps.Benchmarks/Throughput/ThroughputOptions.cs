using System.Globalization;

namespace Sweeps.Benchmarks.Throughput;

/// <summary>Options of the benchmark.</summary>
/// <param name="Silo">The silo's <c>.dll</c>; default: the one built beside.</param>
/// <param name="Home">A home; default: a new folder, removed afterwards.</param>
/// <param name="Trials">Trials. Default 10,000.</param>
/// <param name="Slots">Slots. Default 16.</param>
/// <param name="Seconds">Seconds a trial. Default 0.1.</param>
/// <param name="Limit">Fails when the sweep takes more than this share over the minimum. Default 0.05.</param>
/// <param name="WarmUp">Trials of a first sweep that is not measured: silo and stand-ins then run compiled. Default 480; 0: none.</param>
internal sealed record ThroughputOptions(string Silo, string? Home, int Trials, int Slots, double Seconds, double Limit, int WarmUp)
{
    /// <summary>Reads them.</summary>
    /// <exception cref="FormatException">An unknown option, or a value of another form.</exception>
    public static ThroughputOptions Parse(string[] args)
    {
        // artifacts/bin/Sweeps.Benchmarks/release/ and artifacts/bin/Sweeps.Silo/release/.
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var options = new ThroughputOptions(
            Path.Combine(here.Parent!.Parent!.FullName, "Sweeps.Silo", here.Name, "Sweeps.Silo.dll"), null, 10_000, 16, 0.1, 0.05, 480);
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            var value = args[i + 1];
            options = args[i] switch
            {
                "--silo" => options with { Silo = Path.GetFullPath(value) },
                "--home" => options with { Home = Path.GetFullPath(value) },
                "--trials" => options with { Trials = int.Parse(value, CultureInfo.InvariantCulture) },
                "--slots" => options with { Slots = int.Parse(value, CultureInfo.InvariantCulture) },
                "--seconds" => options with { Seconds = double.Parse(value, CultureInfo.InvariantCulture) },
                "--limit" => options with { Limit = double.Parse(value, CultureInfo.InvariantCulture) },
                "--warm-up" => options with { WarmUp = int.Parse(value, CultureInfo.InvariantCulture) },
                _ => throw new FormatException($"unknown option {args[i]}"),
            };
        }

        return File.Exists(options.Silo)
            ? options
            : throw new FormatException($"no silo at {options.Silo}: build src/Sweeps.Silo in the same configuration");
    }
}
