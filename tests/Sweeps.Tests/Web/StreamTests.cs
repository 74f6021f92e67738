using System.Globalization;
using System.Net.ServerSentEvents;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Api;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Tests.Storage;

namespace Sweeps.Tests.Web;

public sealed class StreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_and_snapshots_come_until_the_end()
    {
        await using var api = await ApiHost.StartAsync();
        await SweepReadTests.SeedAsync(api);
        await using var stream = await OpenAsync(api, null);

        Assert.Equal(["event 1", "event 2", "snapshot"], await NamesAsync(stream, 3));

        api.Grains.Running = [Live(6)];
        var moved = await stream.NextAsync();
        Assert.Equal("snapshot", moved.EventType);
        Assert.Equal(6, SweepsJson.Read<SweepDetail>(moved.Data).Trials[0].Progress!.Step);

        var sweep = (await api.Ledger.FindSweepAsync("tiny", Token))!;
        await api.CommitAsync(sweep with { State = SweepState.Completed, Winner = 2 }, Rows.Event("tiny", "completed", "complete"));
        var last = await NamesAsync(stream, 3);
        Assert.Equal(["event 3", "snapshot", "end"], last);
        Assert.False(await stream.MoveNextAsync());
    }

    [Fact]
    public async Task Who_comes_back_gets_what_it_missed_and_nothing_twice()
    {
        await using var api = await ApiHost.StartAsync();
        await SweepReadTests.SeedAsync(api);
        await using (var first = await OpenAsync(api, null))
        {
            Assert.Equal(["event 1", "event 2", "snapshot"], await NamesAsync(first, 3));
        }

        await api.CommitAsync(Rows.Event("other", "of another sweep"), Rows.Event("tiny", "while away"));
        await using var again = await OpenAsync(api, 2);
        var item = await again.NextAsync();
        Assert.Equal("4", item.EventId);
        Assert.Equal("while away", SweepsJson.Read<EventRow>(item.Data).Message);
        Assert.Equal("snapshot", (await again.NextAsync()).EventType);
    }

    [Fact]
    public async Task An_ended_sweep_is_told_at_once()
    {
        await using var api = await ApiHost.StartAsync();
        await api.CommitAsync(Rows.Sweep("done", SweepState.Cancelled) with { FactsJson = "{}" }, Rows.Event("done", "cancelled"));
        await using var stream = await OpenAsync(api, 1);
        Assert.Equal(["snapshot", "end"], await NamesAsync(stream, 2));
    }

    [Fact]
    public async Task A_silo_that_stops_cuts_its_streams()
    {
        await using var api = await ApiHost.StartAsync();
        await SweepReadTests.SeedAsync(api);
        await using var stream = await OpenAsync(api, null);
        _ = await NamesAsync(stream, 3);
        var stopped = api.StopAsync();
        Assert.False(await stream.MoveNextAsync());
        await stopped.WaitAsync(TimeSpan.FromSeconds(5), Token);
    }

    private static LiveTrial Live(int step) => new(
        JobId.Train("tiny", 1), JobState.Running, 2, "box:0", new ProgressFrame { Step = step, TotalSteps = 40 });

    private static async Task<List<string>> NamesAsync(Reader stream, int count)
    {
        var names = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var item = await stream.NextAsync();
            names.Add(item.EventType == "event" ? $"event {item.EventId}" : item.EventType);
        }

        return names;
    }

    private static async Task<Reader> OpenAsync(ApiHost api, long? lastEvent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v1/sweeps/last/stream", UriKind.Relative));
        if (lastEvent is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEvent.Value.ToString(CultureInfo.InvariantCulture));
        }

        var response = await api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return new Reader(response, await response.Content.ReadAsStreamAsync(Token));
    }

    private sealed class Reader(HttpResponseMessage response, Stream body) : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<SseItem<string>> _items = SseParser.Create(body).EnumerateAsync(Token).GetAsyncEnumerator(Token);

        public Task<bool> MoveNextAsync() => _items.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Token);

        public async Task<SseItem<string>> NextAsync()
        {
            Assert.True(await MoveNextAsync(), "the stream ended");
            return _items.Current;
        }

        public async ValueTask DisposeAsync()
        {
            await _items.DisposeAsync();
            response.Dispose();
        }
    }
}
