namespace Sweeps.Core.Homes;

/// <summary>What a person told a silo when it was started; null everywhere: the defaults.</summary>
/// <param name="Port">HTTP port; null: a free one.</param>
/// <param name="Slots">Trials at once; null: one a core, fewer when memory is short.</param>
/// <param name="GraceSeconds">Longest drain; null: 30 s.</param>
/// <param name="Roots">Folders that base models may be read from, besides the user's home and the spec's own.</param>
public sealed record SiloStartOptions(
    int? Port = null, int? Slots = null, double? GraceSeconds = null, IReadOnlyList<string>? Roots = null);
