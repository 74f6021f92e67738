namespace Sweeps.Models.Ops;

/// <summary>Hashes that are the same in every process and version: seeds are derived from them.</summary>
public static class StableHash
{
    /// <summary>FNV-1a over the UTF-16 units of <paramref name="text"/>.</summary>
    public static ulong Of(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var unit in text)
        {
            hash = (hash ^ unit) * 1099511628211UL;
        }

        return hash;
    }

    /// <summary>SplitMix64's finaliser over the two values.</summary>
    public static ulong Mix(ulong first, ulong second = 0)
    {
        var mixed = first + (0x9E3779B97F4A7C15UL * (second + 1));
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9UL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
        return mixed ^ (mixed >> 31);
    }
}
