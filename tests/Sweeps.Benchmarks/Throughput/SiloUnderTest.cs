using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;

namespace Sweeps.Benchmarks.Throughput;

/// <summary>A real silo process with stand-ins for trainers.</summary>
internal sealed class SiloUnderTest : IDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;

    private SiloUnderTest(Process process, HttpClient http)
    {
        _process = process;
        _http = http;
    }

    /// <summary>Its process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts it and waits until it can be reached.</summary>
    public static async Task<SiloUnderTest> StartAsync(ThroughputOptions options, SweepsHome home)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[]
        {
            options.Silo, "--home", home.Root, "--slots", options.Slots.ToString(CultureInfo.InvariantCulture), "--stay",
            "--trainer", typeof(SiloUnderTest).Assembly.Location,
            "--trainer-args", $"stand-in --seconds {options.Seconds.ToString(CultureInfo.InvariantCulture)}",
        })
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException("the silo does not start");
        process.OutputDataReceived += (_, line) => Echo(line.Data);
        process.ErrorDataReceived += (_, line) => Echo(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        while (!File.Exists(home.SiloFile))
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"the silo ended with code {process.ExitCode}");
            }

            await Task.Delay(50);
        }

        var address = SweepsJson.Read<SiloAddress>(await File.ReadAllTextAsync(home.SiloFile));
        var http = new HttpClient { BaseAddress = new Uri(address.Url.TrimEnd('/') + "/api/v1/"), Timeout = TimeSpan.FromMinutes(5) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", HomeToken.Read(home));
        return new SiloUnderTest(process, http);
    }

    /// <summary>Uploads a data file.</summary>
    public async Task<UploadedFile> UploadAsync(string role, string name, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        using var content = new ByteArrayContent(bytes);
        (await _http.PutAsync($"objects/{sha256}", content)).EnsureSuccessStatusCode();
        return new UploadedFile(role, name, sha256, bytes.Length);
    }

    /// <summary>Launches a sweep.</summary>
    public async Task<LaunchReply> LaunchAsync(LaunchBody body)
    {
        using var content = new StringContent(SweepsJson.Write(body), Encoding.UTF8, "application/json");
        var reply = await _http.PostAsync("sweeps", content);
        var text = await reply.Content.ReadAsStringAsync();
        return reply.IsSuccessStatusCode
            ? SweepsJson.Read<LaunchReply>(text)
            : throw new InvalidOperationException($"the launch was refused: {text}");
    }

    /// <summary>The sweep as lists show it.</summary>
    public async Task<SweepSummary> SummaryAsync(string sweep) =>
        SweepsJson.Read<List<SweepSummary>>(await _http.GetStringAsync("sweeps")).Single(one => one.Sweep == sweep);

    /// <summary>Any reply as text.</summary>
    public Task<string> GetAsync(string path) => _http.GetStringAsync(path);

    public void Dispose()
    {
        try
        {
            _process.Kill();
            _process.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }

        _process.Dispose();
        _http.Dispose();
    }

    private static void Echo(string? line)
    {
        if (line is not null)
        {
            Console.Error.WriteLine($"silo: {line}");
        }
    }
}
