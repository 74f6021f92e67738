using System.Security.Cryptography;
using System.Text;
using Sweeps.Core.Homes;
using Sweeps.Core.Ledger;
using Sweeps.Core.Objects;
using Sweeps.Storage.Homes;

namespace Sweeps.Storage.Objects;

/// <summary>Base models in folders: built-in ones beside the program, others under the roots that a person allowed.</summary>
/// <param name="builtins">Folder with a folder for each built-in model.</param>
/// <param name="home">Built-in ones are copied to its <see cref="SweepsHome.Bases"/>.</param>
/// <param name="roots">Folders that <c>base: PATH</c> may lie in; none: only built-in ones.</param>
public sealed class FolderBaseModelStore(string builtins, SweepsHome home, IReadOnlyList<string> roots) : IBaseModelStore
{
    private const string BuiltinPrefix = "builtin:";
    private const string RolePrefix = "base/";

    /// <summary>Names of the built-in models.</summary>
    public IReadOnlyList<string> Builtins => Directory.Exists(builtins)
        ? [.. Directory.EnumerateDirectories(builtins).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)]
        : [];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<InputRow>> PinAsync(string name, string? specFolder = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        try
        {
            return name.StartsWith(BuiltinPrefix, StringComparison.Ordinal)
                ? await PinBuiltinAsync(name[BuiltinPrefix.Length..], cancellation).ConfigureAwait(false)
                : await HashAsync(Allowed(name, specFolder is null ? roots : [.. roots, specFolder]), cancellation).ConfigureAwait(false);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InvalidDataException($"base '{name}' cannot be read ({e.Message}): allow the silo's user to read it", e);
        }
    }

    private static string Allowed(string path, IReadOnlyList<string> roots)
    {
        if (!Path.IsPathFullyQualified(path))
        {
            throw new InvalidDataException(
                $"base '{path}' is neither {BuiltinPrefix}NAME nor an absolute path: give the whole path");
        }

        var real = Native.RealPath(path);
        if (real is null || !Directory.Exists(real))
        {
            throw new InvalidDataException($"base '{path}' is not a folder that exists: check the path in 'base:'");
        }

        CheckRoots(path, real, roots);
        foreach (var file in BaseModelFiles.In(real))
        {
            // Hugging Face's cache has links to blobs elsewhere: those must lie under the roots too.
            var target = Native.RealPath(Path.Combine(real, file))
                ?? throw new InvalidDataException($"base '{path}': {file} is a link to nothing: download the model again");
            CheckRoots(Path.Combine(path, file), target, roots);
        }

        return real;
    }

    private static void CheckRoots(string asked, string real, IReadOnlyList<string> roots)
    {
        if (!roots.Any(root => Native.RealPath(root) is { } realRoot && IsUnder(real, realRoot)))
        {
            var to = real == Path.GetFullPath(asked) ? string.Empty : $" (in fact '{real}')";
            throw new InvalidDataException(
                $"base '{asked}'{to} lies outside the folders that base models may be read from ("
                + (roots.Count == 0 ? "none are allowed" : string.Join(", ", roots))
                + "): move the model there, or start the silo with its folder among the roots (sweeps up --root DIR)");
        }
    }

    private async Task<IReadOnlyList<InputRow>> PinBuiltinAsync(string name, CancellationToken cancellation)
    {
        if (!Builtins.Contains(name, StringComparer.Ordinal))
        {
            throw new InvalidDataException(
                $"there is no built-in base model '{name}': there are "
                + (Builtins is { Count: > 0 } known
                    ? string.Join(", ", known.Select(b => BuiltinPrefix + b))
                    : "none in this build"));
        }

        var source = Path.Combine(builtins, name);
        var rows = await HashAsync(source, cancellation).ConfigureAwait(false);
        var listing = string.Join('\n', rows.Select(r => $"{r.Role} {r.Sha256}"));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(listing)));
        var copy = Path.Combine(home.Bases, hash);
        if (!await IsIntactAsync(copy, rows, cancellation).ConfigureAwait(false))
        {
            Copy(source, copy, rows);
        }

        return [.. rows.Select(r => r with { Name = Path.Combine(copy, FileOf(r)) })];
    }

    private static async Task<bool> IsIntactAsync(
        string copy, IReadOnlyList<InputRow> expected, CancellationToken cancellation)
    {
        foreach (var row in expected)
        {
            var path = Path.Combine(copy, FileOf(row));
            if (!File.Exists(path) || await Sha256Async(path, cancellation).ConfigureAwait(false) != row.Sha256)
            {
                return false;
            }
        }

        return true;
    }

    private static void Copy(string source, string copy, IReadOnlyList<InputRow> rows)
    {
        foreach (var file in rows.Select(FileOf))
        {
            // File by file, each whole at any time: a running sweep may be reading another of them.
            var to = Path.Combine(copy, file);
            Durable.CreateFolder(Path.GetDirectoryName(to)!);
            Durable.WriteAllBytes(to, File.ReadAllBytes(Path.Combine(source, file)));
        }
    }

    private static async Task<IReadOnlyList<InputRow>> HashAsync(string folder, CancellationToken cancellation)
    {
        var rows = new List<InputRow>();
        foreach (var file in BaseModelFiles.In(folder))
        {
            var path = Path.Combine(folder, file);
            rows.Add(new InputRow
            {
                Sweep = string.Empty,
                Role = RolePrefix + file,
                Name = path,
                Sha256 = await Sha256Async(path, cancellation).ConfigureAwait(false),
                Bytes = new FileInfo(Native.RealPath(path) ?? path).Length,
            });
        }

        return rows;
    }

    private static async Task<string> Sha256Async(string path, CancellationToken cancellation)
    {
        var stream = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        await using (stream.ConfigureAwait(false))
        {
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false));
        }
    }

    private static string FileOf(InputRow row) => row.Role[RolePrefix.Length..];

    private static bool IsUnder(string path, string root) =>
        path == root || path.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal);
}
