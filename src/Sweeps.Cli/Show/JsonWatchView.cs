using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Cli.Show;

/// <summary>One JSON object a line; the last one has no <c>event</c> and sums up.</summary>
internal sealed class JsonWatchView(TextWriter output) : IWatchView
{
    private readonly Dictionary<int, (JobState, int)> _seen = [];

    public void Snapshot(SweepDetail sweep)
    {
        foreach (var trial in sweep.Trials)
        {
            var now = (trial.State, trial.Best?.Step ?? -1);
            if (_seen.TryGetValue(trial.Trial, out var before) && before == now)
            {
                continue;
            }

            _seen[trial.Trial] = now;
            Line(new { Event = "trial", sweep.Summary.Sweep, trial.Trial, trial.State, trial.Point, Validation = trial.Best, trial.Seconds, trial.Attempt, trial.FinalSha256 });
        }
    }

    public void Event(EventRow row) => Line(new { Event = row.Kind, row.Sweep, row.Job, row.Attempt, row.Message, row.At });

    public void Note(string message) => Line(new { Event = "note", Message = message });

    public void End(SweepDetail sweep)
    {
        Snapshot(sweep);
        Line(Summary(sweep.Summary));
    }

    /// <summary>The closing object: sweep, state and best.</summary>
    public static object Summary(SweepSummary summary) => new
    {
        summary.Sweep,
        summary.State,
        Best = summary.Best is not { } best ? null : new { best.Trial, best.Validation, best.Test },
        summary.Reason,
        Seconds = summary.ActiveSeconds,
    };

    private void Line(object value)
    {
        output.WriteLine(SweepsJson.Write(value));
        output.Flush();
    }
}
