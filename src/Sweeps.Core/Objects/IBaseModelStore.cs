using Sweeps.Core.Ledger;

namespace Sweeps.Core.Objects;

/// <summary>Opens base models for the silo: built-in ones by name, others by path under the configured roots.</summary>
public interface IBaseModelStore
{
    /// <summary>
    /// Hashes the files of a base model that a trainer reads (config, tokeniser files, safetensors and their index). A
    /// built-in one is first copied into the home, so that an upgrade cannot change it under a running sweep.
    /// </summary>
    /// <param name="name"><c>builtin:NAME</c> or an absolute path.</param>
    /// <param name="specFolder">A folder that is allowed besides the roots: the spec's own; null: none.</param>
    /// <returns>Rows with role <c>base/FILE</c>, the absolute path as name; the sweep's id is empty.</returns>
    /// <exception cref="InvalidDataException">No such model, a path outside the roots, or a file that is missing; the message says the fix.</exception>
    Task<IReadOnlyList<InputRow>> PinAsync(string name, string? specFolder = null, CancellationToken cancellation = default);
}
