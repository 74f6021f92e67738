using Sweeps.Core.Spec;

namespace Sweeps.Search.Space;

/// <summary>A point of the search space.</summary>
/// <param name="Choice">Index of the chosen value, an axis each, in the space's order.</param>
/// <param name="Settings">The settings at this point, in normal form.</param>
/// <param name="NotApplying">Why an axis does nothing here, an axis each; null: it applies.</param>
public sealed record SpacePoint(IReadOnlyList<int> Choice, TrialSettings Settings, IReadOnlyList<string?> NotApplying);
