using Microsoft.Extensions.Time.Testing;
using Sweeps.Data.Caching;

namespace Sweeps.Tests.Data.Caching;

public sealed class TokenCacheTests : IDisposable
{
    private static readonly TokenizedRows Rows = new([[1, 2, 3], [], [262_144]], [[0], [], [1, 76]], 1);

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rows_are_made_once_for_all_that_ask_with_the_same_key()
    {
        int made = 0;
        for (int i = 0; i < 3; i++)
        {
            Same(Rows, Cache().GetOrMake(Key("data"), () =>
            {
                made++;
                return Rows;
            }));
        }

        Assert.Equal(1, made);
        Assert.Null(Cache().Find(Key("other data")));
        Assert.Single(Files());
    }

    [Fact]
    public void Every_part_of_a_key_counts_and_so_do_their_borders()
    {
        string[] names = [Key("a", "bc").Name, Key("ab", "c").Name, Key("abc").Name, Key("a", "bc", "").Name, Key().Name];

        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.Equal(Key("a", "bc").Name, Key("a", "bc").Name);
        Assert.All(names, name => Assert.Equal(64, name.Length));
    }

    [Fact]
    public void A_file_torn_or_damaged_anywhere_is_not_read_and_made_again()
    {
        TokenCache cache = Cache();
        cache.Keep(Key("data"), Rows);
        string file = Assert.Single(Files());
        byte[] whole = File.ReadAllBytes(file);
        for (int i = 0; i < whole.Length; i++)
        {
            File.WriteAllBytes(file, whole[..i]);
            Assert.Null(cache.Find(Key("data")));
            Assert.Empty(Files());

            byte[] damaged = [.. whole];
            damaged[i] ^= 0x10;
            File.WriteAllBytes(file, damaged);
            Same(Rows, cache.GetOrMake(Key("data"), () => Rows));
            Assert.Equal(whole, File.ReadAllBytes(file));
        }

        // Rows of another key under this name: a file that somebody copied.
        cache.Keep(Key("other"), Rows with { TruncatedRows = 2 });
        File.Copy(Files().Single(other => other != file), file, overwrite: true);
        Assert.Null(cache.Find(Key("data")));
    }

    [Fact]
    public async Task Two_writers_and_readers_at_once_never_see_half_a_file()
    {
        TokenizedRows big = new([.. Enumerable.Range(0, 2000).Select(row => Enumerable.Range(row, 40).ToArray())], [.. Enumerable.Range(0, 2000).Select(label => (int[])[label])], 7);
        Task[] tasks =
        [
            .. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                for (int i = 0; i < 30; i++)
                {
                    Assert.True(Cache().Keep(Key("data"), big));
                }
            })),
            .. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                TokenCache cache = Cache();
                for (int i = 0; i < 30; i++)
                {
                    Same(big, cache.GetOrMake(Key("data"), () => big));
                }
            })),
        ];
        await Task.WhenAll(tasks);

        Same(big, Cache().Find(Key("data"))!);
        Assert.Single(Files());
    }

    [Fact]
    public void The_files_not_read_for_longest_go_when_the_cache_is_full()
    {
        TokenizedRows row = new([new int[250]], [[0]], 0);
        TokenCache cache = new(_folder.Path, _time, maxBytes: 4000);
        foreach (string name in (string[])["a", "b", "c"])
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            Assert.True(cache.Keep(Key(name), row));
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(cache.Find(Key("a")));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(cache.Keep(Key("d"), row));
        Assert.Equal(3, Files().Length);
        Assert.Null(cache.Find(Key("b")));
        Assert.NotNull(cache.Find(Key("a")));
        Assert.False(cache.Keep(Key("e"), new TokenizedRows([new int[1100]], [[0]], 0)));
    }

    [Fact]
    public void What_a_killed_writer_left_goes_after_an_hour()
    {
        string left = _folder.File("x.tmp", "half");
        File.SetLastWriteTimeUtc(left, _time.GetUtcNow().UtcDateTime);
        _time.Advance(TimeSpan.FromMinutes(59));
        Cache().Keep(Key("a"), Rows);
        Assert.True(File.Exists(left));

        _time.Advance(TimeSpan.FromMinutes(2));
        Cache().Keep(Key("b"), Rows);
        Assert.False(File.Exists(left));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_a_cache_that_keeps_nothing()
    {
        string file = _folder.File("no-folder", "");
        TokenCache cache = new(file, _time);

        Assert.False(cache.Keep(Key("a"), Rows));
        Same(Rows, cache.GetOrMake(Key("a"), () => Rows));
        Assert.Null(cache.Find(Key("a")));
    }

    private static TokenCacheKey Key(params string[] parts) => TokenCacheKey.Of(parts);

    private static void Same(TokenizedRows expected, TokenizedRows actual)
    {
        Assert.Equal(expected.Rows, actual.Rows);
        Assert.Equal(expected.Labels, actual.Labels);
        Assert.Equal(expected.TruncatedRows, actual.TruncatedRows);
    }

    private TokenCache Cache() => new(_folder.Path, _time);

    private string[] Files() => Directory.GetFiles(_folder.Path);
}
