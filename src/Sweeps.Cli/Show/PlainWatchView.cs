using System.Globalization;
using Spectre.Console;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Cli.Show;

/// <summary>For output that is no terminal: a line whenever a trial ends, one at least every 10 s, then the leaderboard.</summary>
internal sealed class PlainWatchView(IAnsiConsole console, TimeProvider time, SweepsHome home) : IWatchView
{
    private readonly HashSet<int> _ended = [];
    private long _lastLine = time.GetTimestamp();

    public void Snapshot(SweepDetail sweep)
    {
        foreach (var trial in sweep.Trials.Where(t => t.State.HasEnded() && _ended.Add(t.Trial)))
        {
            Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{_ended.Count}/{sweep.Trials.Count}  trial {trial.Trial} {Format.Word(trial.State)}  {Leaderboard.NameOf(sweep.Summary.Metric)} {Format.Score(Leaderboard.Objective(trial, sweep.Summary.Metric))}  {trial.Seconds:0.0} s  {Format.Settings(trial, sweep.Axes)}"));
        }

        if (time.GetElapsedTime(_lastLine) > TimeSpan.FromSeconds(10))
        {
            Line($"{_ended.Count}/{sweep.Trials.Count} trials, {sweep.Trials.Count(t => t.State.IsHeld())} running, about {Format.Duration(sweep.Summary.SecondsLeft)} left");
        }
    }

    public void Event(EventRow row)
    {
        if (Notable.Kinds.Contains(row.Kind))
        {
            Line(Format.Event(row));
        }
    }

    public void Note(string message) => Line(message);

    public void End(SweepDetail sweep)
    {
        Snapshot(sweep);
        Conclusion.Write(console, sweep, home);
    }

    private void Line(string text)
    {
        _lastLine = time.GetTimestamp();
        console.WriteLine(text);
    }
}
