using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.Objects;
using Sweeps.Storage.Memory;
using Sweeps.Web;
using Sweeps.Web.Grains;
using Sweeps.Web.Security;
using Sweeps.Web.Silo;
using Sweeps.Web.Views;

namespace Sweeps.Tests.Web;

/// <summary>The API on a real Kestrel, over an in-memory ledger and fake grains.</summary>
internal sealed class ApiHost : IAsyncDisposable
{
    public const string Token = "0123456789abcdef";

    private readonly WebApplication _app;

    private ApiHost(WebApplication app, InMemoryLedger ledger, FakeGrains grains, FakeObjects objects, FakeControl control)
    {
        (_app, Ledger, Grains, Objects, Control) = (app, ledger, grains, objects, control);
        Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Client = new HttpClient { BaseAddress = Url };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public InMemoryLedger Ledger { get; }

    public FakeGrains Grains { get; }

    public FakeObjects Objects { get; }

    public FakeControl Control { get; }

    public Uri Url { get; }

    /// <summary>A client that carries the token.</summary>
    public HttpClient Client { get; }

    public static async Task<ApiHost> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o =>
        {
            o.Listen(IPAddress.Loopback, 0);
            o.Limits.MaxRequestBodySize = WebSetup.MaxBodyBytes;
        });
        var ledger = new InMemoryLedger();
        var grains = new FakeGrains(ledger);
        var objects = new FakeObjects();
        var control = new FakeControl();
        builder.Services
            .AddSingleton<ILedger>(ledger)
            .AddSingleton<ISweepQueries>(ledger)
            .AddSingleton<IObjectStore>(objects)
            .AddSingleton<IBaseModelStore>(objects)
            .AddSingleton<ISweepsGrains>(grains)
            .AddSingleton<ISiloControl>(control)
            .AddSingleton<IReadPins>(control)
            .AddSingleton(new SweepsHome("/home/of/tests"))
            .AddSingleton(new ApiToken(Token))
            .AddSweepsWeb();
        var app = builder.Build();
        app.UseSweepsWeb();
        await app.StartAsync();
        return new ApiHost(app, ledger, grains, objects, control);
    }

    public async Task<T> GetAsync<T>(string path) =>
        (await Client.GetFromJsonAsync<T>(new Uri($"/api/v1{path}", UriKind.Relative), SweepsJson.Options))!;

    public Task<HttpResponseMessage> PostAsync<T>(string path, T body) =>
        Client.PostAsJsonAsync(new Uri($"/api/v1{path}", UriKind.Relative), body, SweepsJson.Options);

    public Task<CommitResult> CommitAsync(params LedgerRow[] rows) => Ledger.CommitAsync(new LedgerCommit("test", rows));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    public Task StopAsync() => _app.StopAsync();

    /// <summary>What the silo was asked to do.</summary>
    internal sealed class FakeControl : ISiloControl, IReadPins
    {
        public string Version => "1.2.3";

        public string Build => "b17d";

        public bool Stays => true;

        public long StartedAt => 5_000;

        public TaskCompletionSource<TimeSpan?> Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<string> Pinned { get; } = [];

        public void Pin(string directory, TimeSpan time) => Pinned.Add(directory);

        public void Shutdown(TimeSpan? grace) => Asked.TrySetResult(grace);
    }

    /// <summary>Objects in memory.</summary>
    internal sealed class FakeObjects : IObjectStore, IBaseModelStore
    {
        public Dictionary<string, byte[]> Stored { get; } = [];

        /// <summary>Objects that go away when the base is pinned, as a janitor's would.</summary>
        public HashSet<string> LostWhilePinning { get; } = [];

        public string Put(string text)
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(text);
            var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
            Stored[sha256] = bytes;
            return sha256;
        }

        public bool Touch(string sha256) => Stored.ContainsKey(sha256);

        public async Task<long> PutAsync(Stream content, string expectedSha256, long maxBytes, CancellationToken cancellation = default)
        {
            using var memory = new MemoryStream();
            await content.CopyToAsync(memory, cancellation);
            var bytes = memory.ToArray();
            if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != expectedSha256)
            {
                throw new InvalidDataException($"the bytes do not have the SHA-256 {expectedSha256}");
            }

            Stored[expectedSha256] = bytes;
            return bytes.Length;
        }

        public string PathOf(string sha256) => throw new NotSupportedException();

        public Task<IReadOnlyList<InputRow>> PinAsync(string name, string? specFolder = null, CancellationToken cancellation = default)
        {
            foreach (var sha256 in LostWhilePinning)
            {
                Stored.Remove(sha256);
            }

            return name.StartsWith("builtin:", StringComparison.Ordinal)
                ? Task.FromResult<IReadOnlyList<InputRow>>(
                    [new InputRow { Sweep = string.Empty, Role = "base/config.json", Name = "/bases/config.json", Sha256 = new string('b', 64), Bytes = 7 }])
                : throw new InvalidDataException($"there is no base model '{name}'");
        }
    }
}
