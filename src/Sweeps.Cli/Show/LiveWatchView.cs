using Spectre.Console;
using Sweeps.Core.Api;
using Sweeps.Core.Ledger;

namespace Sweeps.Cli.Show;

/// <summary>The live picture in a terminal: the sweep's bar and ETA, what runs, the leaderboard, what happened.</summary>
internal sealed class LiveWatchView(IAnsiConsole console, LiveDisplayContext context, TimeProvider time) : IWatchView
{
    private const int Remembered = 4;

    private readonly Queue<string> _said = new();

    public void Snapshot(SweepDetail sweep)
    {
        context.UpdateTarget(LivePage.Render(console, sweep, _said));
        context.Refresh();
    }

    public void Event(EventRow row)
    {
        if (Notable.Kinds.Contains(row.Kind))
        {
            Say(DateTimeOffset.FromUnixTimeMilliseconds(row.At), Format.Event(row));
        }
    }

    public void Note(string message) => Say(time.GetUtcNow(), message);

    public void End(SweepDetail sweep) => Clear();

    /// <summary>Takes the page off the screen.</summary>
    public void Clear()
    {
        context.UpdateTarget(new Text(string.Empty));
        context.Refresh();
    }

    private void Say(DateTimeOffset at, string text)
    {
        _said.Enqueue($"{TimeZoneInfo.ConvertTime(at, time.LocalTimeZone):HH:mm:ss} {text.ReplaceLineEndings(" ")}");
        while (_said.Count > Remembered)
        {
            _said.Dequeue();
        }
    }
}
