using Sweeps.Core.Homes;
using Sweeps.Core.Objects;
using Sweeps.Core.Trainer;

namespace Sweeps.Worker.Attempts;

/// <summary>Paths are relative in the grains' words and absolute in the trainers': here one becomes the other.</summary>
internal static class AssignmentPaths
{
    /// <summary>The assignment with the absolute paths of this machine.</summary>
    /// <exception cref="InvalidDataException">A folder would lie outside the home.</exception>
    public static JobAssignment Absolute(JobAssignment assignment, SweepsHome home, IObjectStore objects) =>
        assignment with
        {
            Directory = Inside(home.Sweeps, assignment.Directory),
            FormerDirectories = [.. assignment.FormerDirectories.Select(folder => Inside(home.Sweeps, folder))],
            Checkpoints =
            [
                .. assignment.Checkpoints.Select(one => one with { Directory = Inside(home.Sweeps, one.Directory) }),
            ],
            Inputs =
            [
                .. assignment.Inputs.Select(input => input.Role.StartsWith("base/", StringComparison.Ordinal)
                    ? input with { Path = Path.GetFullPath(input.Path, home.Bases) }
                    : input with { Path = objects.PathOf(input.Sha256) }),
            ],
        };

    /// <summary>The offer with its checkpoint's folder relative to the home's <c>sweeps</c>; null when it is not in the attempt's own folder.</summary>
    public static OfferFrame? Relative(OfferFrame offer, JobAssignment assignment, SweepsHome home)
    {
        if (offer.Checkpoint is not { } checkpoint)
        {
            return offer;
        }

        var full = Path.GetFullPath(checkpoint.Directory);
        return full.StartsWith(assignment.Directory + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? offer with { Checkpoint = checkpoint with { Directory = Path.GetRelativePath(home.Sweeps, full) } }
            : null;
    }

    /// <summary>Which trainer may go on warm: the settings' base and the hashes of its files.</summary>
    public static string BaseKey(JobAssignment assignment) =>
        string.Join(
            ' ',
            assignment.Inputs
                .Where(input => input.Role.StartsWith("base/", StringComparison.Ordinal))
                .Select(input => input.Sha256)
                .Order(StringComparer.Ordinal));

    private static string Inside(string root, string relative)
    {
        var full = Path.GetFullPath(relative, root);
        return full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? full
            : throw new InvalidDataException($"the folder '{relative}' lies outside the home");
    }
}
