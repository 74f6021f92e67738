using System.Text.RegularExpressions;

namespace Sweeps.Training.Export;

/// <summary>What a base model is called where this machine's folders mean nothing.</summary>
/// <param name="Name">Its name for people.</param>
/// <param name="HubId">Its id on the Hugging Face hub; null: not known to be there.</param>
/// <param name="Revision">The commit of the hub's copy.</param>
/// <param name="IsBuiltin">Whether it comes with Sweeps.</param>
internal sealed partial record BaseIdentity(string Name, string? HubId, string? Revision, bool IsBuiltin)
{
    private const string Builtin = "builtin:";

    /// <summary>The identity of a base.</summary>
    /// <param name="named">As the settings name it.</param>
    /// <param name="folder">Where it lies.</param>
    public static BaseIdentity Of(string named, string folder)
    {
        if (named.StartsWith(Builtin, StringComparison.Ordinal))
        {
            return new BaseIdentity(named[Builtin.Length..], null, null, true);
        }

        var cached = HubCache().Match(folder.Replace('\\', '/'));
        if (!cached.Success)
        {
            return new BaseIdentity(Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), null, null, false);
        }

        var id = cached.Groups["id"].Value.Replace("--", "/", StringComparison.Ordinal);
        return new BaseIdentity(id, id, cached.Groups["revision"].Value, false);
    }

    /// <summary>The layout of Hugging Face's cache: models--OWNER--NAME/snapshots/COMMIT.</summary>
    [GeneratedRegex("/models--(?<id>[^/]+)/snapshots/(?<revision>[0-9a-f]{40})/?$", RegexOptions.CultureInvariant)]
    private static partial Regex HubCache();
}
