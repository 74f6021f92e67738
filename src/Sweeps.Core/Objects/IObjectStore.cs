namespace Sweeps.Core.Objects;

/// <summary>Pinned inputs by SHA-256. Thread-safe; what is put is on disk when the call returns.</summary>
public interface IObjectStore
{
    /// <summary>Whether the object is there; if so its age starts afresh, so that the janitor spares it.</summary>
    bool Touch(string sha256);

    /// <summary>Stores the stream's bytes under their hash (temp, sync, rename, sync the folder). Storing them again is harmless.</summary>
    /// <param name="content">The bytes, read to the end.</param>
    /// <param name="expectedSha256">The hash that they must have, lower-case hex.</param>
    /// <param name="maxBytes">More bytes are refused.</param>
    /// <returns>Bytes stored.</returns>
    /// <exception cref="InvalidDataException">Another hash, or too many bytes.</exception>
    Task<long> PutAsync(Stream content, string expectedSha256, long maxBytes, CancellationToken cancellation = default);

    /// <summary>Path of an object for reading.</summary>
    string PathOf(string sha256);
}
