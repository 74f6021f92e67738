using System.Runtime.Versioning;
using Microsoft.Extensions.Time.Testing;
using Sweeps.Core.Homes;
using Sweeps.Storage.Homes;
using Sweeps.Storage.Sqlite;
using Xunit;

namespace Sweeps.Tests.Storage;

[SupportedOSPlatform("linux")]
public sealed class HomeGuardTests : IDisposable
{
    private static readonly HomeRules AtOnce = new() { LockWait = TimeSpan.Zero };

    private readonly TemporaryFolder _folder = new();
    private readonly SweepsHome _home;

    public HomeGuardTests() => _home = new SweepsHome(_folder["home"]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Folders_are_made_for_the_user_alone()
    {
        using var guard = await HomeGuard.OpenAsync(_home, cancellation: Token);
        foreach (var folder in new[] { _home.Root, _home.Objects, _home.Bases, _home.Sweeps, _home.Bin, _home.Logs, _home.Slots })
        {
            Assert.True(Directory.Exists(folder), folder);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_home.Lock));
        Assert.Equal(Environment.ProcessId, HomeGuard.Holder(_home));
    }

    [Fact]
    public async Task A_second_silo_is_refused_with_the_pid_of_the_first()
    {
        Assert.Null(HomeGuard.Holder(_home));
        using (await HomeGuard.OpenAsync(_home, cancellation: Token))
        {
            var refused = await Assert.ThrowsAsync<HomeException>(() => HomeGuard.OpenAsync(_home, AtOnce, cancellation: Token));
            Assert.Contains($"another silo (pid {Environment.ProcessId}) holds this home", refused.Message, StringComparison.Ordinal);
        }

        Assert.Null(HomeGuard.Holder(_home));
        using var next = await HomeGuard.OpenAsync(_home, AtOnce, cancellation: Token);
        Assert.Equal(_home, next.Home);
    }

    [Fact]
    public async Task A_new_silo_waits_for_the_old_one_to_end()
    {
        var clock = new FakeTimeProvider();
        var old = await HomeGuard.OpenAsync(_home, cancellation: Token);
        var waiting = HomeGuard.OpenAsync(_home, clock: clock, cancellation: Token);
        clock.Advance(TimeSpan.FromSeconds(14));
        Assert.False(waiting.IsCompleted);

        old.Dispose();
        while (!waiting.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }

        (await waiting).Dispose();
    }

    [Fact]
    public async Task After_fifteen_seconds_it_gives_up()
    {
        var clock = new FakeTimeProvider();
        using var old = await HomeGuard.OpenAsync(_home, cancellation: Token);
        var waiting = HomeGuard.OpenAsync(_home, clock: clock, cancellation: Token);
        while (!waiting.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        await Assert.ThrowsAsync<HomeException>(() => waiting);
        Assert.True(clock.GetUtcNow() - clock.Start >= TimeSpan.FromSeconds(15));
    }

    [Theory]
    [InlineData(0x6969, "NFS")]
    [InlineData(0xFF534D42, "CIFS")]
    [InlineData(0xFE534D42, "SMB2")]
    [InlineData(unchecked((int)0xFE534D42), "SMB2")]
    [InlineData(0x65735546, "FUSE")]
    [InlineData(0x01021997, "9p")]
    public async Task Network_and_foreign_file_systems_are_refused(long type, string name)
    {
        var refused = await Assert.ThrowsAsync<HomeException>(() => OpenOnAsync(type, freeMegabytes: 1_000));
        Assert.Contains($"network or foreign file system ({name}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--home DIR", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_home.Root));
    }

    [Theory]
    [InlineData(0xEF53)] // ext4
    [InlineData(0x58465342)] // xfs
    [InlineData(0x9123683E)] // btrfs
    [InlineData(0x01021994)] // tmpfs
    [InlineData(0x794C7630)] // overlayfs
    public async Task Local_file_systems_are_fine(long type) => (await OpenOnAsync(type, freeMegabytes: 64)).Dispose();

    [Fact]
    public async Task A_full_disk_is_refused()
    {
        var refused = await Assert.ThrowsAsync<HomeException>(() => OpenOnAsync(0xEF53, freeMegabytes: 63));
        Assert.Contains("63 MB free, at least 64 MB needed", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_home_that_cannot_be_written_is_refused()
    {
        await File.WriteAllTextAsync(_folder["file"], "not a folder", Token);
        foreach (var root in new[] { _folder["file"], _folder["file/home"], "/proc/self/sweeps-home" })
        {
            var refused = await Assert.ThrowsAsync<HomeException>(() => HomeGuard.OpenAsync(new SweepsHome(root), new HomeRules { MinimumFreeBytes = 0 }, cancellation: Token));
            Assert.Contains($"the home '{root}' is not writable", refused.Message, StringComparison.Ordinal);
            Assert.Contains("--home DIR", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_home_of_a_newer_release_is_refused_and_not_held()
    {
        (await HomeGuard.OpenAsync(_home, cancellation: Token)).Dispose();
        await SqliteLedger.Open(_home.Ledger).DisposeAsync();
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_home.Ledger};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "INSERT INTO schema_version VALUES (2, '0.9.0', 0)";
            command.ExecuteNonQuery();
        }

        var refused = await Assert.ThrowsAsync<HomeException>(() => HomeGuard.OpenAsync(_home, cancellation: Token));
        Assert.Contains("belongs to a newer version of Sweeps, 0.9.0", refused.Message, StringComparison.Ordinal);
        Assert.Null(HomeGuard.Holder(_home));
    }

    [Fact]
    public async Task A_file_is_the_old_or_the_new_one()
    {
        Durable.CreateFolder(_folder["a/b/c"]);
        var file = _folder["a/b/c/token"];
        Durable.WriteAllBytes(file, "one"u8, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Durable.WriteAllBytes(file, "two"u8, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal("two", await File.ReadAllTextAsync(file, Token));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal([file], Directory.EnumerateFiles(_folder["a/b/c"]));
        Assert.Throws<IOException>(() => Durable.SyncFolder(_folder["nowhere"]));
    }

    private Task<HomeGuard> OpenOnAsync(long type, ulong freeMegabytes) => HomeGuard.OpenAsync(
        _home,
        AtOnce,
        _ => new Native.FileSystemInfo { Type = type, BlockSize = 1 << 20, BlocksAvailable = freeMegabytes },
        TimeProvider.System,
        Token);
}
