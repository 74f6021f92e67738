using System.Net.Sockets;
using Spectre.Console;
using Sweeps.Cli.Hosting;
using Sweeps.Cli.Http;
using Sweeps.Core.Api;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Cli.Show;

/// <summary>Follows a sweep to its end and restarts a silo that died meanwhile, at most 5 times a minute.</summary>
internal sealed class Watcher(SiloProcess silo, IAnsiConsole console, TimeProvider time)
{
    private const int RestartsPerMinute = 5;
    private readonly Queue<long> _restarts = new();

    /// <returns>The exit code: 0 for completed.</returns>
    public async Task<int> WatchAsync(SiloClient client, string sweep, bool json, CancellationToken cancellation)
    {
        SweepDetail? last = null;
        if (json)
        {
            var view = new JsonWatchView(Console.Out);
            last = await FollowAsync(client, sweep, view, cancellation);
            view.End(last);
        }
        else if (console.Profile.Capabilities.Interactive && console.Profile.Capabilities.Ansi)
        {
            await console.Live(new Text("...")).AutoClear(true).Overflow(VerticalOverflow.Crop).Cropping(VerticalOverflowCropping.Bottom).StartAsync(async context =>
            {
                var view = new LiveWatchView(console, context, time);
                try
                {
                    last = await FollowAsync(client, sweep, view, cancellation);
                }
                finally
                {
                    // Also when it is left: half a page above the last words would look like news.
                    view.Clear();
                }
            });
            Conclusion.Write(console, last!, silo.Home);
        }
        else
        {
            var view = new PlainWatchView(console, time, silo.Home);
            last = await FollowAsync(client, sweep, view, cancellation);
            view.End(last);
        }

        return last!.Summary.State == SweepState.Completed ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private async Task<SweepDetail> FollowAsync(SiloClient first, string sweep, IWatchView view, CancellationToken cancellation)
    {
        var client = first;
        var (stays, revived) = (first.Address.Stays, silo.Like(first.Address));
        long seen = 0;
        while (true)
        {
            try
            {
                await foreach (var (kind, item) in client.StreamAsync(sweep, seen, cancellation))
                {
                    switch (item)
                    {
                        case SweepDetail detail:
                            view.Snapshot(detail);
                            if (detail.Summary.State.HasEnded())
                            {
                                return await client.SweepAsync(sweep, cancellation);
                            }

                            break;
                        case EventRow row:
                            seen = Math.Max(seen, row.Number);
                            view.Event(row);
                            break;
                        default:
                            if (kind == "end")
                            {
                                return await client.SweepAsync(sweep, cancellation);
                            }

                            break;
                    }
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
            {
                // The silo is gone or went silent: below it is found again or started.
            }

            cancellation.ThrowIfCancellationRequested();
            if (!ReferenceEquals(client, first))
            {
                client.Dispose();
            }

            client = await ReturnAsync(revived, stays, view, cancellation);
        }
    }

    /// <summary>The silo again, started if it died. One that dies while it starts is started again, a few times.</summary>
    private async Task<SiloClient> ReturnAsync(SiloProcess silo, bool stays, IWatchView view, CancellationToken cancellation)
    {
        for (var failures = 0; ; failures++)
        {
            if (File.Exists(silo.Home.DownFile))
            {
                // Not a death: somebody wants it down, though it may still drain.
                throw new CliException("the silo was taken down", ExitCodes.NoSilo, $"what it ran goes on with: sweeps up{silo.Home.OnCommandLine()}");
            }

            if (silo.Find() is null)
            {
                await MayRestartAsync(cancellation);
                view.Note("the silo ended; starting it again");
            }

            try
            {
                return await silo.EnsureAsync(stays, cancellation);
            }
            catch (CliException e) when (e.ExitCode == ExitCodes.NoSilo && failures < RestartsPerMinute)
            {
                view.Note(e.Message);
            }
        }
    }

    private async Task MayRestartAsync(CancellationToken cancellation)
    {
        while (_restarts.TryPeek(out var oldest) && time.GetElapsedTime(oldest) > TimeSpan.FromMinutes(1))
        {
            _restarts.Dequeue();
        }

        if (_restarts.Count >= RestartsPerMinute)
        {
            await Task.Delay(TimeSpan.FromMinutes(1) - time.GetElapsedTime(_restarts.Peek()), time, cancellation);
            _restarts.Dequeue();
        }

        _restarts.Enqueue(time.GetTimestamp());
    }
}
