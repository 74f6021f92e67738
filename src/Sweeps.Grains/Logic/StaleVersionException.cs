namespace Sweeps.Grains.Logic;

/// <summary>The ledger refused a commit because a version was stale: nothing was written, and what was remembered is old.</summary>
internal sealed class StaleVersionException(string message) : Exception(message);
