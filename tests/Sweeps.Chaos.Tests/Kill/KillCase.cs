using System.Diagnostics;
using System.Globalization;

namespace Sweeps.Chaos.Tests.Kill;

/// <summary>What the cases share: the reference, a home, and a line of the kill table for each.</summary>
[Trait("Category", "Chaos")]
public abstract class KillCase(Reference reference, ITestOutputHelper output)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    internal Task<KillSweep> SweepAsync() => reference.SweepAsync();

    internal Task<Outcome> ExpectedAsync(string spec) => reference.OfAsync(spec);

    /// <summary>Starts a silo and launches the spec.</summary>
    internal static async Task<string> StartAsync(TestHome home, string spec)
    {
        await home.UpAsync();
        return await home.LaunchAsync(spec);
    }

    /// <summary>Waits until a trial of the sweep has so many committed checkpoints.</summary>
    internal static Task CheckpointsAsync(TestHome home, string sweep, int count) =>
        home.UntilAsync(
            () => home.Number("SELECT count(*) FROM checkpoints WHERE sweep = $0 AND job_kind = 'train'", sweep) >= count,
            $"{count} checkpoints of {sweep}");

    /// <summary>Compares with the undisturbed run and prints the case's line of the kill table.</summary>
    internal async Task SettleAsync(TestHome home, string sweep, string spec, string name, int runs = 1)
    {
        await home.EndedAsync(sweep);
        Outcome.AssertSame(await ExpectedAsync(spec), home, sweep);
        Line(home, sweep, name, runs);
    }

    /// <summary>One line of the kill table: case, runs, seconds from loss to the first new step, steps done twice.</summary>
    internal void Line(TestHome home, string sweep, string name, int runs)
    {
        var recoveries = home.Rows("SELECT recovery_seconds FROM attempts WHERE sweep = $0 AND recovery_seconds IS NOT NULL", sweep)
            .Select(r => Convert.ToDouble(r[0], CultureInfo.InvariantCulture)).Order().ToList();
        var lost = home.Rows("SELECT message FROM events WHERE sweep = $0 AND kind = 'resumed'", sweep).Count;
        var median = recoveries.Count == 0 ? "-" : recoveries[recoveries.Count / 2].ToString("0.00", CultureInfo.InvariantCulture);
        var most = recoveries.Count == 0 ? "-" : recoveries[^1].ToString("0.00", CultureInfo.InvariantCulture);
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {runs} | {lost} resumes | recovery median {median} s, most {most} s | weights equal | {_clock.Elapsed.TotalSeconds:0} s |");
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("SWEEPS_KILL_TABLE") is { Length: > 0 } file)
        {
            File.AppendAllText(file, line + Environment.NewLine);
        }
    }
}
