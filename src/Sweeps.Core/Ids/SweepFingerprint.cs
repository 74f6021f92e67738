using System.Security.Cryptography;
using System.Text;
using Sweeps.Core.Ledger;

namespace Sweeps.Core.Ids;

/// <summary>The fingerprint of a launch: equal for the same spec on the same data and base.</summary>
public static class SweepFingerprint
{
    /// <summary>SHA-256 (lower-case hex) of the spec's text and of every input's role and hash.</summary>
    public static string Of(string specYaml, IEnumerable<InputRow> inputs)
    {
        ArgumentNullException.ThrowIfNull(specYaml);
        ArgumentNullException.ThrowIfNull(inputs);
        var text = new StringBuilder(specYaml.ReplaceLineEndings("\n")).Append('\0');
        foreach (var input in inputs.OrderBy(i => i.Role, StringComparer.Ordinal))
        {
            text.Append(input.Role).Append('=').Append(input.Sha256).Append('\n');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
