using Sweeps.Core.Ledger;

namespace Sweeps.Web.Views;

/// <summary>What a sweep's rows say at one change number.</summary>
/// <param name="Sweep">The sweep's row.</param>
/// <param name="Change">Highest change number among its jobs that was seen; later ones are read next time.</param>
/// <param name="Trials">Trials by number.</param>
/// <param name="Points">Swept values of each trial as text, in the order of <paramref name="Trials"/>.</param>
/// <param name="OtherJobs">Preflight and evaluation jobs.</param>
/// <param name="Tests">The winner's test evaluations by decision; empty before.</param>
internal sealed record SweepBoard(
    SweepRow Sweep,
    long Change,
    IReadOnlyList<TrialView> Trials,
    IReadOnlyList<IReadOnlyDictionary<string, string>> Points,
    IReadOnlyList<JobRow> OtherJobs,
    IReadOnlyList<EvaluationRow> Tests);
