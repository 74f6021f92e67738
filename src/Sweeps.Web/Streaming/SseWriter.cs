using System.Globalization;
using System.Text.Json;
using Sweeps.Core.Json;

namespace Sweeps.Web.Streaming;

/// <summary>Writes server-sent events: one <c>data</c> line of JSON each, flushed at once.</summary>
internal sealed class SseWriter(HttpResponse response)
{
    private static readonly byte[] DataPrefix = "data: "u8.ToArray();
    private static readonly byte[] End = "\n\n"u8.ToArray();

    /// <summary>Sends the headers.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        response.ContentType = "text/event-stream";
        response.Headers.Append("X-Accel-Buffering", "no");
        await response.WriteAsync("retry: 1000\n\n", cancellation).ConfigureAwait(false);
        await response.Body.FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends an event; <paramref name="id"/> is what a client that comes back names as the last it has.</summary>
    public async Task WriteAsync<T>(string kind, T data, long? id, CancellationToken cancellation)
    {
        var head = id is null
            ? $"event: {kind}\n"
            : string.Create(CultureInfo.InvariantCulture, $"event: {kind}\nid: {id}\n");
        await response.WriteAsync(head, cancellation).ConfigureAwait(false);
        await response.Body.WriteAsync(DataPrefix, cancellation).ConfigureAwait(false);
        await JsonSerializer.SerializeAsync(response.Body, data, SweepsJson.Options, cancellation).ConfigureAwait(false);
        await response.Body.WriteAsync(End, cancellation).ConfigureAwait(false);
        await response.Body.FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends a comment, so that both sides notice a dead connection.</summary>
    public async Task KeepAliveAsync(CancellationToken cancellation)
    {
        await response.WriteAsync(": keep-alive\n\n", cancellation).ConfigureAwait(false);
        await response.Body.FlushAsync(cancellation).ConfigureAwait(false);
    }
}
