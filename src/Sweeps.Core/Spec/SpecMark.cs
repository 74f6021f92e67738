namespace Sweeps.Core.Spec;

/// <summary>A place in the spec's file.</summary>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
public readonly record struct SpecMark(int Line, int Column)
{
    /// <summary>The beginning of the file: where a missing key is reported.</summary>
    public static SpecMark Start { get; } = new(1, 1);
}
