using Sweeps.Chaos.Tests.Storage;
using Sweeps.Data.Caching;

namespace Sweeps.Chaos.Tests.Tokens;

/// <summary>Two processes that write the same cache are killed in the midst of it: what is read afterwards is whole or absent.</summary>
public sealed class TokenCacheKillTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sweeps-token-cache").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_killed_writers_leave_is_whole_or_made_again()
    {
        var unfinished = 0;
        var cache = new TokenCache(_folder, TimeProvider.System);
        for (var round = 0; round < 6; round++)
        {
            using var first = WriterProcess.Start(new Dictionary<string, string>(), TokenWriterProcess.Verb, _folder);
            using var second = WriterProcess.Start(new Dictionary<string, string>(), TokenWriterProcess.Verb, _folder);
            for (var acks = 0; acks < 1 + (3 * round); acks++)
            {
                Assert.Equal("ack", await first.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            }

            first.Kill();
            second.Kill();
            await first.WaitForExitAsync(TestContext.Current.CancellationToken);
            await second.WaitForExitAsync(TestContext.Current.CancellationToken);
            unfinished += Directory.GetFiles(_folder, "*.tmp").Length;
            for (var key = 0; key < TokenWriterProcess.Keys; key++)
            {
                var expected = TokenWriterProcess.Rows(key);
                Same(expected, cache.Find(TokenWriterProcess.Key(key)) ?? expected);
                Same(expected, cache.GetOrMake(TokenWriterProcess.Key(key), () => expected));
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{unfinished} unfinished files were left");
        Assert.Equal(TokenWriterProcess.Keys, Directory.GetFiles(_folder, "*.tokens").Length);
    }

    private static void Same(TokenizedRows expected, TokenizedRows actual)
    {
        Assert.Equal(expected.Labels, actual.Labels);
        Assert.Equal(expected.Rows, actual.Rows);
        Assert.Equal(expected.TruncatedRows, actual.TruncatedRows);
    }
}
