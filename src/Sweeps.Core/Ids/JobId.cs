using System.Globalization;

namespace Sweeps.Core.Ids;

/// <summary>
/// Names the unit that is leased. Text form <c>SWEEP/train/12</c>: it is the key of the grain, of the ledger's row and
/// of the folder that the job writes to.
/// </summary>
/// <param name="Sweep">Id of the sweep: lower-case letters, digits and hyphens.</param>
/// <param name="Kind">What the job does.</param>
/// <param name="Number">The trial's number for a train job (from 1); else a running number (from 1).</param>
public readonly record struct JobId(string Sweep, JobKind Kind, int Number) : IComparable<JobId>
{
    /// <summary>The train job of a trial.</summary>
    public static JobId Train(string sweep, int trial) => new(sweep, JobKind.Train, trial);

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">The text is not <c>SWEEP/KIND/NUMBER</c>.</exception>
    public static JobId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/');
        if (parts.Length != 3
            || !SweepIds.IsValid(parts[0])
            || !Enum.TryParse<JobKind>(parts[1], ignoreCase: true, out var kind)
            || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new FormatException($"'{text}' is not a job id (SWEEP/train/12)");
        }

        return new JobId(parts[0], kind, number);
    }

    /// <inheritdoc/>
    public int CompareTo(JobId other)
    {
        var bySweep = string.CompareOrdinal(Sweep, other.Sweep);
        if (bySweep != 0)
        {
            return bySweep;
        }

        var byKind = Kind.CompareTo(other.Kind);
        return byKind != 0 ? byKind : Number.CompareTo(other.Number);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Sweep}/{Kind.ToString().ToLowerInvariant()}/{Number}");

    /// <summary>Orders by sweep, kind and number.</summary>
    public static bool operator <(JobId left, JobId right) => left.CompareTo(right) < 0;

    /// <summary>Orders by sweep, kind and number.</summary>
    public static bool operator <=(JobId left, JobId right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by sweep, kind and number.</summary>
    public static bool operator >(JobId left, JobId right) => left.CompareTo(right) > 0;

    /// <summary>Orders by sweep, kind and number.</summary>
    public static bool operator >=(JobId left, JobId right) => left.CompareTo(right) >= 0;
}
