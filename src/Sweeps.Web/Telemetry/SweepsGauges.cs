using System.Diagnostics.Metrics;
using System.Text.Json;
using Sweeps.Core.States;

namespace Sweeps.Web.Telemetry;

/// <summary>
/// The gauges of <c>/metrics</c>: read before a scrape, at most once a second, because a meter's callbacks cannot wait.
/// No trial's number is ever a label. What is counted and timed as it happens is in the grains' instruments.
/// </summary>
internal sealed partial class SweepsGauges : IDisposable
{
    /// <summary>Name of the meter, shared with the grains.</summary>
    public const string MeterName = "Sweeps";

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly MetricsReader _reader;
    private readonly TimeProvider _time;
    private readonly ILogger<SweepsGauges> _logger;
    private readonly SemaphoreSlim _reading = new(1, 1);
    private MetricsReading _shown = MetricsReading.Empty;
    private long? _readAt;

    public SweepsGauges(IMeterFactory meters, MetricsReader reader, TimeProvider time, ILogger<SweepsGauges> logger)
    {
        (_reader, _time, _logger) = (reader, time, logger);
        var meter = meters.Create(MeterName);
        _ = meter.CreateObservableGauge(
            "sweeps.trials",
            () => ByWord<JobState>("state", _shown.Trials),
            "{trial}",
            "Trials by state, sweeps that were removed left out.");
        _ = meter.CreateObservableCounter(
            "sweeps.failures", () => ByWord<FailureClass>("class", _shown.Failures), "{failure}", "Failed attempts by class.");
        _ = meter.CreateObservableGauge(
            "sweeps.best_objective",
            () => _shown.Best.Select(b => new Measurement<double>(b.Value, new("sweep", b.Sweep), new("metric", b.Metric))),
            description: "Best objective on validation, of the newest sweep of each name.");
        _ = meter.CreateObservableGauge(
            "sweeps.tokens_per_second",
            () => _shown.TokensPerSecond,
            description: "Input tokens a second of all running trials.");
        _ = meter.CreateObservableGauge("sweeps.unfinished", () => _shown.Unfinished, "{sweep}", "Sweeps that have not ended.");
        _ = meter.CreateObservableGauge(
            "sweeps.slots",
            () => new Measurement<int>[]
            {
                new(_shown.BusySlots, new KeyValuePair<string, object?>("state", "busy")),
                new(_shown.FreeSlots, new KeyValuePair<string, object?>("state", "free")),
                new(_shown.QuarantinedSlots, new KeyValuePair<string, object?>("state", "quarantined")),
            },
            "{slot}",
            "Slots by state.");
    }

    /// <summary>Reads again when the last reading is older than a second. A failure leaves the last one standing.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_readAt is { } at && _time.GetElapsedTime(at) < Fresh)
            {
                return;
            }

            _shown = await _reader.ReadAsync(cancellation).ConfigureAwait(false);
            _readAt = _time.GetTimestamp();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogStale(_logger, e.Message);
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    /// <summary>Every word of the enumeration has a series from the start: a rate needs its zero.</summary>
    private static IEnumerable<Measurement<long>> ByWord<T>(string label, IReadOnlyDictionary<string, long> counts)
        where T : struct, Enum
    {
        foreach (var name in Enum.GetNames<T>())
        {
            var word = JsonNamingPolicy.KebabCaseLower.ConvertName(name);
            yield return new Measurement<long>(counts.GetValueOrDefault(word), new KeyValuePair<string, object?>(label, word));
        }
    }

    [LoggerMessage(40, LogLevel.Information, "the metrics could not be read, the last ones stand: {Reason}")]
    private static partial void LogStale(ILogger logger, string reason);
}
