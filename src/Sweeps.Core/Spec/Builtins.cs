namespace Sweeps.Core.Spec;

/// <summary>What comes with the program and is named instead of a path.</summary>
public static class Builtins
{
    /// <summary>Prefix of such a name.</summary>
    public const string Prefix = "builtin:";

    /// <summary>Base models: <c>base: builtin:tiny-gemma3</c>.</summary>
    public static IReadOnlyList<string> Bases { get; } = ["builtin:tiny-gemma3"];

    /// <summary>Data sets: <c>data: {train: builtin:campaigns/V25}</c>. They bring their own validation and test rows.</summary>
    public static IReadOnlyList<string> DataSets { get; } =
        ["builtin:campaigns/V14", "builtin:campaigns/V15", "builtin:campaigns/V25", "builtin:campaigns/V26"];

    /// <summary>Whether the text names something built in, known or not.</summary>
    public static bool IsBuiltin(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(Prefix, StringComparison.Ordinal);
    }
}
