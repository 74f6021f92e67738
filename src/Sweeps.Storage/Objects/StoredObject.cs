namespace Sweeps.Storage.Objects;

/// <summary>An object of the store.</summary>
/// <param name="Sha256">Its name and hash.</param>
/// <param name="Age">Since it was stored or touched.</param>
/// <param name="Bytes">Its size.</param>
public sealed record StoredObject(string Sha256, TimeSpan Age, long Bytes);
