using System.Security.Cryptography;
using System.Text;

namespace Sweeps.Data.Caching;

/// <summary>
/// Names tokenised rows by everything that they depend on: hashes of the data and of the tokenizer's files, the settings of
/// the text, and the code that made them. A new build, a new .NET (its Unicode data) or a changed file is another name.
/// </summary>
public sealed class TokenCacheKey
{
    private TokenCacheKey(byte[] hash)
    {
        Hash = hash;
        Name = Convert.ToHexStringLower(hash);
    }

    /// <summary>The hash in hexadecimal.</summary>
    public string Name { get; }

    /// <summary>32 bytes.</summary>
    internal byte[] Hash { get; }

    /// <summary>Names the rows that follow from some texts.</summary>
    /// <param name="parts">Hashes and settings, in a fixed order. Their borders count: "a", "bc" is not "ab", "c".</param>
    public static TokenCacheKey Of(params IEnumerable<string> parts)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string[] code =
        [
            typeof(TokenCacheKey).Module.ModuleVersionId.ToString(),
            typeof(Microsoft.ML.Tokenizers.Tokenizer).Module.ModuleVersionId.ToString(),
            Environment.Version.ToString(),
        ];
        foreach (string part in code.Concat(parts))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }

        return new TokenCacheKey(hash.GetHashAndReset());
    }
}
