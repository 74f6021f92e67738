using System.Globalization;
using System.Text;
using Sweeps.Data.Caching;

namespace Sweeps.Chaos.Tests.Tokens;

/// <summary>A process that keeps tokenised rows until it is killed.</summary>
internal static class TokenWriterProcess
{
    public const string Verb = "token-writer";
    public const int Keys = 3;

    public static TokenCacheKey Key(int number) => TokenCacheKey.Of("data", number.ToString(CultureInfo.InvariantCulture));

    /// <summary>The rows of a key: a megabyte or so, which takes a while to write.</summary>
    public static TokenizedRows Rows(int number) => new(
        [.. Enumerable.Range(0, 4000).Select(row => Enumerable.Range(number + row, 60).ToArray())],
        [.. Enumerable.Range(number, 4000).Select(label => (int[])[label])],
        number);

    public static int Write(string folder)
    {
        var cache = new TokenCache(folder, TimeProvider.System);
        using var output = Console.OpenStandardOutput();
        for (var i = 0; ; i++)
        {
            cache.Keep(Key(i % Keys), Rows(i % Keys));
            output.Write(Encoding.ASCII.GetBytes("ack\n"));
            output.Flush();
        }
    }
}
