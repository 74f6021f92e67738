using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Sweeps.Grains.Telemetry;
using Sweeps.Silo.Hosting;

namespace Sweeps.Silo.Telemetry;

/// <summary><c>/metrics</c>: our meter and Orleans', for Prometheus.</summary>
internal static class TelemetrySetup
{
    private const string Orleans = "Microsoft.Orleans";

    /// <summary>From a step of a tiny model (milliseconds) to one of a large one.</summary>
    private static readonly double[] StepBounds =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    /// <summary>Checkpoints and recoveries: from a quick one to one that somebody should look at.</summary>
    private static readonly double[] WaitBounds =
        [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 15, 30, 60, 120, 300];

    /// <summary>Collects both meters.</summary>
    public static void AddSweepsTelemetry(this IServiceCollection services)
    {
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("sweeps", serviceVersion: SiloControl.ProductVersion, autoGenerateServiceInstanceId: false))
            .WithMetrics(metrics => metrics
                .AddMeter(SweepsMeter.Name, Orleans)
                .AddView("sweeps_step_seconds", new ExplicitBucketHistogramConfiguration { Boundaries = StepBounds })
                .AddView("sweeps_checkpoint_seconds", new ExplicitBucketHistogramConfiguration { Boundaries = WaitBounds })
                .AddView("sweeps_recovery_seconds", new ExplicitBucketHistogramConfiguration { Boundaries = WaitBounds })
                .AddPrometheusExporter());
    }

    /// <summary>Gives counters their zero: an increase is seen from the first event on.</summary>
    public static void ShowZeros()
    {
        SweepsMeter.Attempts.Add(0);
        SweepsMeter.Resumes.Add(0);
        SweepsMeter.Fenced.Add(0);
        SweepsMeter.Expiries.Add(0);
    }
}
