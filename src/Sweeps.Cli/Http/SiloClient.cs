using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Cli.Http;

/// <summary>The silo's REST interface, as the command uses it.</summary>
internal sealed class SiloClient : IDisposable
{
    private readonly HttpClient _http;

    public SiloClient(SiloAddress address, string token)
    {
        Address = address;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) })
        {
            BaseAddress = new Uri(address.Url),
            Timeout = TimeSpan.FromMinutes(10),
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public SiloAddress Address { get; }

    public void Dispose() => _http.Dispose();

    /// <summary>Whether it is ready to take work.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellation) => await ReadinessAsync(cancellation) == true;

    /// <summary>Whether it is ready to take work; null when it does not answer within 3 s.</summary>
    public async Task<bool?> ReadinessAsync(CancellationToken cancellation)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(TimeSpan.FromSeconds(3));
            using var response = await _http.GetAsync(new Uri("health/ready", UriKind.Relative), limit.Token);
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    public Task<SiloStatus> StatusAsync(CancellationToken cancellation) => GetAsync<SiloStatus>("status", cancellation);

    public Task<IReadOnlyList<SweepSummary>> SweepsAsync(CancellationToken cancellation) =>
        GetAsync<IReadOnlyList<SweepSummary>>("sweeps", cancellation);

    public Task<SweepDetail> SweepAsync(string sweep, CancellationToken cancellation) =>
        GetAsync<SweepDetail>(Of(sweep), cancellation);

    public Task<TrialDetail> TrialAsync(string sweep, int trial, CancellationToken cancellation) =>
        GetAsync<TrialDetail>($"{Of(sweep)}/trials/{trial}", cancellation);

    public Task<IReadOnlyList<EventRow>> EventsAsync(string sweep, long above, int limit, CancellationToken cancellation) =>
        GetAsync<IReadOnlyList<EventRow>>($"{Of(sweep)}/events?above={above}&limit={limit}", cancellation);

    /// <param name="trial">Number of a trial; null: the best.</param>
    public Task<BestReply> BestAsync(string sweep, int? trial, CancellationToken cancellation) =>
        GetAsync<BestReply>($"{Of(sweep)}/best{(trial is null ? string.Empty : $"?trial={trial}")}", cancellation);

    public async Task<bool> HasObjectAsync(string sha256, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, $"api/v1/objects/{sha256}");
        using var response = await _http.SendAsync(request, cancellation);
        return response.IsSuccessStatusCode;
    }

    public async Task PutObjectAsync(string sha256, Stream content, CancellationToken cancellation)
    {
        using var body = new StreamContent(content);
        using var response = await _http.PutAsync(new Uri($"api/v1/objects/{sha256}", UriKind.Relative), body, cancellation);
        await ThrowUnlessOkAsync(response, cancellation);
    }

    public Task<LaunchReply> LaunchAsync(LaunchBody body, CancellationToken cancellation) =>
        SendAsync<LaunchReply>(HttpMethod.Post, "sweeps", body, cancellation);

    public Task<WishReply> WishAsync(string sweep, int? trial, Wanted wanted, CancellationToken cancellation) =>
        SendAsync<WishReply>(
            HttpMethod.Post,
            trial is null
                ? $"{Of(sweep)}/wish"
                : $"{Of(sweep)}/trials/{trial}/wish",
            new WishBody(wanted),
            cancellation);

    public Task<WishReply> RetryAsync(string sweep, IReadOnlyList<int>? trials, CancellationToken cancellation) =>
        SendAsync<WishReply>(HttpMethod.Post, $"{Of(sweep)}/retry", new RetryBody(trials), cancellation);

    public Task<WishReply> RemoveAsync(string sweep, CancellationToken cancellation) =>
        SendAsync<WishReply>(HttpMethod.Delete, Of(sweep), null, cancellation);

    public async Task ShutdownAsync(double? grace, CancellationToken cancellation)
    {
        using var body = JsonContent.Create(new ShutdownBody(grace), options: SweepsJson.Options);
        using var response = await _http.PostAsync(new Uri("api/v1/shutdown", UriKind.Relative), body, cancellation);
        await ThrowUnlessOkAsync(response, cancellation);
    }

    /// <summary>
    /// The sweep's stream: (<c>snapshot</c>, <see cref="SweepDetail"/>), (<c>event</c>, <see cref="EventRow"/>), then
    /// (<c>end</c>, null). It ends without an <c>end</c> when the silo dies.
    /// </summary>
    /// <param name="aboveEvent">Events above this number only.</param>
    public async IAsyncEnumerable<(string Kind, object? Item)> StreamAsync(
        string sweep, long aboveEvent, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/v1/{Of(sweep)}/stream");
        request.Headers.Add("Last-Event-ID", aboveEvent.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        await ThrowUnlessOkAsync(response, cancellation);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellation))
        {
            yield return item.EventType switch
            {
                "snapshot" => (item.EventType, SweepsJson.Read<SweepDetail>(item.Data)),
                "event" => (item.EventType, SweepsJson.Read<EventRow>(item.Data)),
                _ => (item.EventType, null),
            };
        }
    }

    /// <summary>A sweep's address. Nothing, <c>.</c> and <c>..</c> would name another one: no sweep is called so.</summary>
    private static string Of(string sweep) =>
        sweep.Trim('.', ' ').Length > 0
            ? $"sweeps/{Uri.EscapeDataString(sweep)}"
            : throw new CliException($"there is no sweep '{sweep}'", ExitCodes.NotFound, "sweeps ls lists them; `last` is the newest");

    private Task<T> GetAsync<T>(string path, CancellationToken cancellation) =>
        SendAsync<T>(HttpMethod.Get, path, null, cancellation);

    private async Task<T> SendAsync<T>(HttpMethod method, string path, object? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, $"api/v1/{path}");
        if (body is not null)
        {
            request.Content = JsonContent.Create(body, body.GetType(), options: SweepsJson.Options);
        }

        using var response = await _http.SendAsync(request, cancellation);
        await ThrowUnlessOkAsync(response, cancellation);
        return await response.Content.ReadFromJsonAsync<T>(SweepsJson.Options, cancellation)
            ?? throw new CliException("the silo answered nothing", ExitCodes.NoSilo);
    }

    private static async Task ThrowUnlessOkAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        ApiError? error = null;
        try
        {
            error = await response.Content.ReadFromJsonAsync<ApiError>(SweepsJson.Options, cancellation);
        }
        catch (JsonException)
        {
            // Not one of ours: the status says what is known.
        }

        var message = error is null
            ? $"the silo answered {(int)response.StatusCode} {response.ReasonPhrase}"
            : string.Join(Environment.NewLine, [error.Error, .. error.Details ?? []]);
        throw new CliException(message, response.StatusCode switch
        {
            HttpStatusCode.NotFound => ExitCodes.NotFound,
            HttpStatusCode.BadRequest or HttpStatusCode.Conflict => ExitCodes.BadInput,
            HttpStatusCode.InsufficientStorage => ExitCodes.BadHome,
            _ => ExitCodes.Failed,
        });
    }
}
