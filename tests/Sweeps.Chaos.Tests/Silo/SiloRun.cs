using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Xunit;

namespace Sweeps.Chaos.Tests.Silo;

/// <summary>A real silo process on a home, with stand-in trainers.</summary>
internal sealed partial class SiloRun : IAsyncDisposable
{
    public const int Terminate = 15;
    public const int Kill = 9;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _error = new();

    private SiloRun(SweepsHome home, Process process)
    {
        (Home, _process) = (home, process);
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_error)
            {
                _error.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
    }

    public SweepsHome Home { get; }

    public int ProcessId => _process.Id;

    /// <summary>What it said on standard error; complete once it has ended.</summary>
    public string Error
    {
        get
        {
            lock (_error)
            {
                return _error.ToString();
            }
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts one. The stand-in's options: seconds and steps of an assignment, what its first attempt does.</summary>
    public static SiloRun Start(SweepsHome home, string standIn = "--seconds 0.05", params string[] more)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])
            [Program("Sweeps.Silo"), "--home", home.Root, "--trainer", Program("Sweeps.Benchmarks"), "--trainer-args", $"stand-in {standIn}", .. more])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["SWEEPS_LEASE_SECONDS"] = "5";
        return new SiloRun(home, Process.Start(start)!);
    }

    /// <summary>Waits until it has told its address: it is ready then.</summary>
    public async Task<HttpClient> ReadyAsync()
    {
        // Another process writes the file: looking again is the only event there is.
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (Address() is { } address && address.ProcessId == _process.Id)
            {
                var client = new HttpClient { BaseAddress = new Uri(address.Url) };
                client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", HomeToken.Read(Home));
                return client;
            }

            Assert.False(_process.HasExited, $"the silo ended: {Error}");
            Assert.True(clock.Elapsed < Patience, $"the silo is not ready: {Error}");
            await Task.Delay(20, Token);
        }
    }

    public void Signal(int signal) => Assert.Equal(0, SendSignal(_process.Id, signal));

    /// <summary>Its exit code, once it has ended.</summary>
    public async Task<int> EndAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Patience);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    /// <summary>Reads JSON until it is as expected.</summary>
    public static async Task<T> UntilAsync<T>(HttpClient client, string path, Func<T, bool> expected)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var value = (await client.GetFromJsonAsync<T>(new Uri(path, UriKind.Relative), SweepsJson.Options, Token))!;
            if (expected(value))
            {
                return value;
            }

            Assert.True(clock.Elapsed < Patience, $"{path} is not as expected: {SweepsJson.Write(value)}");
            await Task.Delay(50, Token);
        }
    }

    public static int FreePort()
    {
        using var socket = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    /// <summary>A program of the solution, built in the configuration of this test.</summary>
    private static string Program(string name)
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var bin = Path.GetDirectoryName(Path.GetDirectoryName(here))!;
        return Path.Combine(bin, name, Path.GetFileName(here), $"{name}.dll");
    }

    private SiloAddress? Address()
    {
        try
        {
            return SweepsJson.Read<SiloAddress>(File.ReadAllText(Home.SiloFile));
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
