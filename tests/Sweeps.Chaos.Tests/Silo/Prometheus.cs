using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace Sweeps.Chaos.Tests.Silo;

/// <summary>A real Prometheus that scrapes one silo every second.</summary>
internal sealed class Prometheus : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly HttpClient _client;

    private Prometheus(Process process, HttpClient client) => (_process, _client) = (process, client);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Where the program lies; null when it is not installed.</summary>
    public static string? Program => (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
        .Split(':')
        .Select(folder => Path.Combine(folder, "prometheus"))
        .FirstOrDefault(File.Exists);

    public static async Task<Prometheus> StartAsync(string program, string folder, Uri target)
    {
        var port = SiloRun.FreePort();
        var config = Path.Combine(folder, "prometheus.yml");
        await File.WriteAllTextAsync(
            config,
            $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
              - job_name: sweeps
                static_configs: [{targets: ["{{target.Authority}}"]}]
            """,
            Token);
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardError = true };
        foreach (var argument in (string[])
            [
                $"--config.file={config}",
                $"--storage.tsdb.path={Path.Combine(folder, "tsdb")}",
                string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}"),
                "--log.level=error",
            ])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        return new Prometheus(process, new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) });
    }

    /// <summary>Asks until there is a result; fails at once when the query itself is wrong.</summary>
    public async Task<IReadOnlyList<(IReadOnlyDictionary<string, string> Labels, string Value)>> QueryAsync(string query)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (await TryAsync(query) is { Count: > 0 } result)
            {
                return result;
            }

            Assert.True(clock.Elapsed < Patience, $"no result of {query}");
            await Task.Delay(200, Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private async Task<IReadOnlyList<(IReadOnlyDictionary<string, string> Labels, string Value)>?> TryAsync(string query)
    {
        JsonElement answer;
        try
        {
            using var response = await _client.GetAsync(new Uri($"/api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative), Token);
            if (response.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable)
            {
                return null;
            }

            answer = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        }
        catch (HttpRequestException)
        {
            // It has not begun to listen yet.
            return null;
        }

        Assert.True(answer.GetProperty("status").GetString() == "success", $"{query}: {answer}");
        return [.. answer.GetProperty("data").GetProperty("result").EnumerateArray().Select(r => (
            (IReadOnlyDictionary<string, string>)r.GetProperty("metric").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!),
            r.GetProperty("value")[1].GetString()!))];
    }
}
