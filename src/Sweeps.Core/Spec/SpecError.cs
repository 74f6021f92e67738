using System.Globalization;
using System.Text;

namespace Sweeps.Core.Spec;

/// <summary>One thing that is wrong with a spec: what, where, what is allowed, and the nearest right name.</summary>
/// <param name="File">File name as the caller gave it.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Path">Key it is about, e.g. <c>training.learning_rate</c>; empty for the file as a whole.</param>
/// <param name="Problem">What is wrong, as a sentence without a full stop.</param>
/// <param name="Value">The value as written (shortened); null when the key itself is the problem.</param>
/// <param name="Allowed">What is allowed; null when <paramref name="Problem"/> says it.</param>
/// <param name="Nearest">The nearest right name; null when none is near.</param>
public sealed record SpecError(
    string File,
    int Line,
    int Column,
    string Path,
    string Problem,
    string? Value = null,
    string? Allowed = null,
    string? Nearest = null)
{
    /// <summary><c>grid.yaml:7:3: 'learing_rate' is not a key of training; did you mean 'learning_rate'? Allowed: ...</c></summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}: {Problem}");
        if (Nearest is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"; did you mean '{Nearest}'?");
        }

        if (Allowed is not null)
        {
            text.Append(Nearest is null ? ". Allowed: " : " Allowed: ").Append(Allowed);
        }

        return text.ToString();
    }
}

/// <summary>What reading a spec gave.</summary>
/// <param name="Spec">The spec; null when there are errors.</param>
/// <param name="Errors">Everything that is wrong, in the order of the file; empty when the spec is good.</param>
public sealed record SpecResult(SweepSpec? Spec, IReadOnlyList<SpecError> Errors);
