using System.Diagnostics;

namespace Sweeps.Training.Recipes;

/// <summary>Times of steps: since the last offer (median, sum) and over the last ones (tokens a second).</summary>
internal sealed class Pace
{
    private const int Recent = 50;

    private readonly List<double> _sinceOffer = [];
    private readonly Queue<(double Seconds, int Tokens)> _recent = new();
    private double _seconds;

    /// <summary>Training seconds of this attempt, waits excluded.</summary>
    public double Total { get; private set; }

    /// <summary>Seconds a step over the last ones; null before the first.</summary>
    public double? StepSeconds => _recent.Count == 0 ? null : _recent.Average(step => step.Seconds);

    /// <summary>Tokens a second over the last steps; null before the first.</summary>
    public double? TokensPerSecond =>
        _recent.Count == 0 ? null : _recent.Sum(step => (double)step.Tokens) / Math.Max(1e-9, _recent.Sum(step => step.Seconds));

    /// <summary>Counts a step.</summary>
    public void Step(long started, int tokens)
    {
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        _sinceOffer.Add(seconds);
        _recent.Enqueue((seconds, tokens));
        if (_recent.Count > Recent)
        {
            _recent.Dequeue();
        }

        Add(seconds);
    }

    /// <summary>Counts other work of the training thread, such as an evaluation.</summary>
    public void Work(long started) => Add(Stopwatch.GetElapsedTime(started).TotalSeconds);

    /// <summary>Seconds and median step since the last call.</summary>
    public (double Seconds, double? MedianStep) Take()
    {
        _sinceOffer.Sort();
        var median = _sinceOffer.Count == 0 ? (double?)null : _sinceOffer[_sinceOffer.Count / 2];
        var seconds = _seconds;
        _sinceOffer.Clear();
        _seconds = 0;
        return (seconds, median);
    }

    private void Add(double seconds)
    {
        _seconds += seconds;
        Total += seconds;
    }
}
