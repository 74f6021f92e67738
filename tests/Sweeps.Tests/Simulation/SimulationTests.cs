using System.Collections.Concurrent;
using System.Globalization;
using Xunit;

namespace Sweeps.Tests.Simulation;

/// <summary>
/// Seeded schedules of crashes, lost answers, duplicates and wishes over the real logic. <c>SWEEPS_SIM_SEEDS=5000</c>
/// walks more of them; <c>SWEEPS_SIM_SEED=42</c> walks one.
/// </summary>
[Trait("Category", "Simulation")]
public sealed class SimulationTests
{
    private const int Seeds = 2000;

    [Fact]
    public void Every_schedule_keeps_the_promises()
    {
        var failures = new ConcurrentDictionary<int, string>();
        if (Number("SWEEPS_SIM_SEED") is { } one)
        {
            var why = new Simulation(one).Run();
            Assert.True(why is null, why);
            return;
        }

        Parallel.For(1, (Number("SWEEPS_SIM_SEEDS") ?? Seeds) + 1, seed =>
        {
            if (failures.Count < 5 && new Simulation(seed).Run() is { } broken)
            {
                failures[seed] = broken;
            }
        });
        Assert.True(
            failures.IsEmpty,
            string.Join(Environment.NewLine, failures.OrderBy(f => f.Key).Select(f => $"SWEEPS_SIM_SEED={f.Key}: {f.Value}")));
    }

    [Fact]
    public void A_seed_repeats_exactly()
    {
        var runs = Enumerable.Range(0, 2).Select(_ =>
        {
            var simulation = new Simulation(7);
            Assert.Null(simulation.Run());
            return (simulation.Cluster.Recorder.Commits, simulation.Cluster.World.Ticks);
        }).ToList();
        Assert.Equal(runs[0], runs[1]);
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : null;
}
