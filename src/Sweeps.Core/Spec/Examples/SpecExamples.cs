namespace Sweeps.Core.Spec.Examples;

/// <summary>The example sweeps that come with the program; <c>sweeps run NAME</c> runs one.</summary>
public static class SpecExamples
{
    private const string Prefix = "example/";

    /// <summary>Their names, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(SpecExamples).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The YAML of an example; null when there is none of that name.</summary>
    public static string? Get(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!Names.Contains(name))
        {
            return null;
        }

        using var reader = new StreamReader(typeof(SpecExamples).Assembly.GetManifestResourceStream(Prefix + name)!);
        return reader.ReadToEnd();
    }

    /// <summary>What an example shows: its first comment line.</summary>
    public static string Summary(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var first = Get(name)?.Split('\n', 2)[0].Trim() ?? "";
        return first.TrimStart('#').Trim();
    }
}
