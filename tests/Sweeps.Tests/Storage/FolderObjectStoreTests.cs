using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Sweeps.Storage.Objects;
using Xunit;

namespace Sweeps.Tests.Storage;

public sealed class FolderObjectStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UnixEpoch.AddYears(60));
    private readonly FolderObjectStore _store;

    public FolderObjectStoreTests() => _store = new FolderObjectStore(_folder["objects"], _clock);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_put_is_read_back_and_may_be_put_again()
    {
        var (bytes, sha) = Content(300_000);
        Assert.False(_store.Touch(sha));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(bytes.Length, await _store.PutAsync(new MemoryStream(bytes), sha, bytes.Length, Token));
        }

        Assert.Equal(bytes, await File.ReadAllBytesAsync(_store.PathOf(sha), Token));
        Assert.True(_store.Touch(sha));
        Assert.Equal(Path.Combine(_folder["objects"], sha[..2], sha), _store.PathOf(sha));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder["objects"], "incoming")));
    }

    [Fact]
    public async Task Another_hash_or_too_many_bytes_leave_nothing()
    {
        var (bytes, sha) = Content(1_000);
        var other = Content(10).Sha;
        var wrong = await Assert.ThrowsAsync<InvalidDataException>(() => _store.PutAsync(new MemoryStream(bytes), other, 1_000, Token));
        Assert.Contains(sha, wrong.Message, StringComparison.Ordinal);
        var large = await Assert.ThrowsAsync<InvalidDataException>(() => _store.PutAsync(new MemoryStream(bytes), sha, 999, Token));
        Assert.Contains("more than the 999 bytes", large.Message, StringComparison.Ordinal);

        Assert.Empty(Directory.EnumerateFiles(_folder["objects"], "*", SearchOption.AllDirectories));
        Assert.Empty(_store.List());
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("")]
    [InlineData("ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789")]
    [InlineData("..cdef0123456789abcdef0123456789abcdef0123456789abcdef012345678/")]
    public async Task A_name_that_is_no_hash_is_refused_everywhere(string name)
    {
        Assert.Throws<InvalidDataException>(() => _store.PathOf(name));
        Assert.Throws<InvalidDataException>(() => _store.Touch(name));
        Assert.Throws<InvalidDataException>(() => _store.DeleteIfOlder(name, TimeSpan.Zero));
        await Assert.ThrowsAsync<InvalidDataException>(() => _store.PutAsync(new MemoryStream([1]), name, 10, Token));
    }

    [Fact]
    public async Task An_object_ages_until_it_is_touched()
    {
        var (bytes, sha) = Content(10);
        await _store.PutAsync(new MemoryStream(bytes), sha, 10, Token);
        _clock.Advance(TimeSpan.FromMinutes(50));
        Assert.Equal(50, Assert.Single(_store.List()).Age.TotalMinutes, 1);
        Assert.False(_store.DeleteIfOlder(sha, TimeSpan.FromHours(1)));
        _store.Touch(sha);
        Assert.Equal(0, Assert.Single(_store.List()).Age.TotalMinutes, 1);
        _clock.Advance(TimeSpan.FromMinutes(61));
        Assert.True(_store.DeleteIfOlder(sha, TimeSpan.FromHours(1)));
        Assert.False(_store.Touch(sha));
    }

    [Fact]
    public async Task A_cancelled_upload_leaves_nothing()
    {
        using var cancel = new CancellationTokenSource();
        var (_, sha) = Content(10);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _store.PutAsync(new CancellingStream(cancel), sha, 1 << 20, cancel.Token));
        Assert.Empty(Directory.EnumerateFiles(_folder["objects"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void What_a_killed_upload_left_goes_after_a_while()
    {
        var incoming = Directory.CreateDirectory(Path.Combine(_folder["objects"], "incoming")).FullName;
        var left = Path.Combine(incoming, "0123");
        File.WriteAllText(left, "half");
        File.SetLastWriteTimeUtc(left, _clock.GetUtcNow().UtcDateTime);
        Assert.Equal(0, _store.DeleteInterrupted(TimeSpan.FromHours(1)));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, _store.DeleteInterrupted(TimeSpan.FromHours(1)));
        Assert.False(File.Exists(left));
    }

    private static (byte[] Bytes, string Sha) Content(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return (bytes, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    private sealed class CancellingStream(CancellationTokenSource cancel) : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position++ > 0)
            {
                await cancel.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
            }

            return 16;
        }
    }
}
