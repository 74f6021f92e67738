namespace Sweeps.Silo.Options;

/// <summary>A wrong option: what is wrong, and what is allowed.</summary>
internal sealed class UsageException(string message) : Exception(message);
