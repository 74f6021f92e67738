using System.Net;
using System.Net.Sockets;
using Sweeps.Cli;
using Sweeps.Cli.Hosting;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Sweeps.Tests.Storage;
using SiloAddress = Sweeps.Core.Homes.SiloAddress;

namespace Sweeps.Tests.Cli;

/// <summary>A silo that lives and does not answer: frozen, swapped out, wedged.</summary>
public sealed class SilentSiloTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public void Dispose()
    {
        _listener.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task It_is_given_up_with_its_process_and_what_to_do()
    {
        var silo = Silo(TimeSpan.FromMilliseconds(200));
        var refusal = await Assert.ThrowsAsync<CliException>(() => silo.EnsureAsync(stays: false, TestContext.Current.CancellationToken));
        Assert.Equal(ExitCodes.NoSilo, refusal.ExitCode);
        Assert.Contains($"(pid {Environment.ProcessId}) does not answer", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"kill -9 {Environment.ProcessId}", refusal.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_wait_for_it_can_be_left()
    {
        var silo = Silo(TimeSpan.FromMinutes(10));
        using var left = new CancellationTokenSource();
        var waiting = silo.EnsureAsync(stays: false, left.Token);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    /// <summary>The address of this very process, at a port where connections are taken and nothing is said.</summary>
    private SiloProcess Silo(TimeSpan answersWithin)
    {
        _listener.Start();
        var home = new SweepsHome(_folder.Path);
        _ = HomeToken.ReadOrCreate(home);
        var address = new SiloAddress(
            $"http://{_listener.LocalEndpoint}", Environment.ProcessId, ProcessIdentity.Current.StartTime, "0", Stays: false);
        File.WriteAllText(home.SiloFile, SweepsJson.Write(address));
        return new SiloProcess(home, new SiloStartOptions()) { AnswersWithin = answersWithin };
    }
}
