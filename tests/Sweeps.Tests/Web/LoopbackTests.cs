using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Sweeps.Core.Api;
using Sweeps.Core.Json;

namespace Sweeps.Tests.Web;

public sealed class LoopbackTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer")]
    [InlineData("Bearer 0123456789abcdeF")]
    [InlineData("Bearer 0123456789abcde")]
    [InlineData("Basic 0123456789abcdef")]
    public async Task Without_the_homes_token_nothing_is_told(string? authorization)
    {
        await using var api = await ApiHost.StartAsync();
        using var response = await SendAsync(api, "/api/v1/status", r =>
        {
            if (authorization is not null)
            {
                r.Headers.TryAddWithoutValidation("Authorization", authorization);
            }
        });
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        var error = await response.Content.ReadFromJsonAsync<ApiError>(SweepsJson.Options, Token);
        Assert.Contains("token", error!.Error, StringComparison.Ordinal);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Theory]
    [InlineData("127.0.0.1", HttpStatusCode.OK)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("LOCALHOST", HttpStatusCode.OK)]
    [InlineData("[::1]", HttpStatusCode.OK)]
    [InlineData("127.0.0.1.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("evil.example", HttpStatusCode.Forbidden)]
    [InlineData("10.0.0.1", HttpStatusCode.Forbidden)]
    public async Task Only_a_loopback_Host_is_answered(string host, HttpStatusCode expected)
    {
        await using var api = await ApiHost.StartAsync();
        using var response = await SendAsync(api, "/api/v1/status", r =>
        {
            r.Headers.Host = $"{host}:{api.Url.Port}";
            r.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ApiHost.Token);
        });
        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{port}", HttpStatusCode.OK)]
    [InlineData("http://localhost:{port}", HttpStatusCode.OK)]
    [InlineData("http://127.0.0.1:1", HttpStatusCode.Forbidden)]
    [InlineData("http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("https://127.0.0.1:{port}", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    public async Task Only_pages_of_its_own_origin_may_ask(string origin, HttpStatusCode expected)
    {
        await using var api = await ApiHost.StartAsync();
        using var response = await SendAsync(api, "/api/v1/status", r =>
        {
            r.Headers.Add("Origin", origin.Replace("{port}", api.Url.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal));
            r.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ApiHost.Token);
        });
        Assert.Equal(expected, response.StatusCode);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/startup")]
    public async Task Probes_need_no_token_but_a_loopback_Host(string path)
    {
        await using var api = await ApiHost.StartAsync();
        using var open = await SendAsync(api, path, _ => { });
        Assert.Equal(HttpStatusCode.OK, open.StatusCode);
        using var foreign = await SendAsync(api, path, r => r.Headers.Host = "evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
    }

    [Fact]
    public async Task An_unknown_address_is_not_told_apart_without_the_token()
    {
        await using var api = await ApiHost.StartAsync();
        using var response = await SendAsync(api, "/api/v1/nothing", _ => { });
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        using var known = await api.Client.GetAsync(new Uri("/api/v1/nothing", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.NotFound, known.StatusCode);
        Assert.NotNull(await known.Content.ReadFromJsonAsync<ApiError>(SweepsJson.Options, Token));
    }

    private static async Task<HttpResponseMessage> SendAsync(ApiHost api, string path, Action<HttpRequestMessage> prepare)
    {
        using var client = new HttpClient { BaseAddress = api.Url };
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        prepare(request);
        return await client.SendAsync(request, Token);
    }
}
