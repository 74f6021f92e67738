namespace Sweeps.Core.Ids;

/// <summary>The form of a sweep's id: it becomes a folder and part of a URL, so only <c>[a-z0-9-]</c>, 1 to 64 long.</summary>
public static class SweepIds
{
    /// <summary>Whether the text may be a sweep's id.</summary>
    public static bool IsValid(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length is > 0 and <= 64
            && text[0] != '-'
            && text.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
    }

    /// <summary>
    /// A fresh id from the sweep's name and the client's launch id: <c>quickstart-3f9a1c</c>. The same pair gives the
    /// same id, so that a launch repeated after a lost answer meets its own sweep.
    /// </summary>
    public static string From(string name, string clientId)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(clientId);
        var stem = new string([.. name.ToLowerInvariant().Select(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') ? c : '-')])
            .Trim('-');
        stem = stem.Length == 0 ? "sweep" : stem[..Math.Min(stem.Length, 48)].TrimEnd('-');
        var hash = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(clientId));
        return $"{stem}-{Convert.ToHexStringLower(hash)[..8]}";
    }
}
