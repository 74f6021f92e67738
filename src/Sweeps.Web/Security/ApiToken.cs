using System.Security.Cryptography;
using System.Text;

namespace Sweeps.Web.Security;

/// <summary>The token that a request must carry, compared in constant time.</summary>
/// <param name="value">The home's token.</param>
public sealed class ApiToken(string value)
{
    private readonly byte[] _expected = SHA256.HashData(Encoding.UTF8.GetBytes(value));

    /// <summary>Whether an <c>Authorization</c> header's value carries it.</summary>
    public bool Matches(string? authorization)
    {
        const string Scheme = "Bearer ";
        if (authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        // Hashes have one length, so that the comparison tells nothing of the token's.
        var given = SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..].Trim()));
        return CryptographicOperations.FixedTimeEquals(given, _expected);
    }
}
