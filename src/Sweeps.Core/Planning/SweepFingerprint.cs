using System.Security.Cryptography;
using System.Text;

namespace Sweeps.Core.Planning;

/// <summary>Tells whether two launches ask for the same: same spec text, same data, same base model.</summary>
public static class SweepFingerprint
{
    /// <summary>SHA-256, lower-case hex.</summary>
    /// <param name="specYaml">The spec as the user wrote it.</param>
    /// <param name="baseName">Built-in name or absolute path of the base model.</param>
    /// <param name="data">Role and SHA-256 of each data file.</param>
    public static string Of(string specYaml, string baseName, IEnumerable<(string Role, string Sha256)> data)
    {
        ArgumentNullException.ThrowIfNull(specYaml);
        var text = new StringBuilder().Append(specYaml).Append('\0').Append(baseName);
        foreach (var (role, sha256) in data.OrderBy(d => d.Role, StringComparer.Ordinal))
        {
            text.Append('\0').Append(role).Append('=').Append(sha256);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
