namespace Sweeps.Web.Telemetry;

/// <summary>What the gauges show until they are read again.</summary>
/// <param name="Trials">Trials by state.</param>
/// <param name="Failures">Failed attempts by class.</param>
/// <param name="Best">Best objective of the newest sweep of each name.</param>
/// <param name="TokensPerSecond">Input tokens a second of all running trials.</param>
/// <param name="Unfinished">Unfinished sweeps.</param>
/// <param name="BusySlots">Slots that hold a job.</param>
/// <param name="FreeSlots">Slots that wait for one.</param>
/// <param name="QuarantinedSlots">Slots set aside.</param>
internal sealed record MetricsReading(
    IReadOnlyDictionary<string, long> Trials,
    IReadOnlyDictionary<string, long> Failures,
    IReadOnlyList<BestObjective> Best,
    double TokensPerSecond,
    int Unfinished,
    int BusySlots,
    int FreeSlots,
    int QuarantinedSlots)
{
    public static MetricsReading Empty { get; } = new(
        new Dictionary<string, long>(), new Dictionary<string, long>(), [], 0, 0, 0, 0, 0);
}

/// <summary>The best objective value of a sweep.</summary>
/// <param name="Sweep">Its name.</param>
/// <param name="Metric">The objective's metric.</param>
/// <param name="Value">Value on validation.</param>
internal sealed record BestObjective(string Sweep, string Metric, double Value);
