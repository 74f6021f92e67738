using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.States;

namespace Sweeps.Abstractions.Sweep;

/// <summary>
/// One sweep; key: its id. It follows its trials' rows by change number, hands ready jobs to the dispatcher, chooses the
/// winner and writes the evaluation job.
/// </summary>
public interface ISweepGrain : IGrainWithStringKey
{
    /// <summary>Commits the sweep with all its points, in one transaction, and answers. The same client id gets the same sweep.</summary>
    /// <remarks>The sweep's id is the grain's key: <see cref="Core.Ids.SweepIds.From"/> of the spec's name and the client's id.</remarks>
    [ResponseTimeout("00:02:00")]
    Task<LaunchAnswer> LaunchAsync(LaunchRequest request);

    /// <summary>A wish for the whole sweep: writes the sweep's row only. Idempotent.</summary>
    Task<WishAnswer> WishAsync(Wanted wanted);

    /// <summary>Retries failed and cancelled trials (all, or those named), in a sweep that has no score yet.</summary>
    Task<WishAnswer> RetryAsync(int[]? trials);

    /// <summary>Takes an ended sweep off the lists; its files go with the janitor.</summary>
    Task<WishAnswer> RemoveAsync();

    /// <summary>
    /// A pulse (0), or a hint that a job committed up to this change number. Reads the rows above what it has seen.
    /// </summary>
    [ResponseTimeout("00:00:03")]
    Task PokeAsync(long change);

    /// <summary>What pages show while it runs.</summary>
    [ResponseTimeout("00:00:05")]
    Task<LiveSweep> LiveAsync();
}

/// <summary>A launch whose inputs are pinned already: data in the object store, the base model hashed.</summary>
/// <param name="ClientId">Made by the client, one a launch: the same id gets the same sweep.</param>
/// <param name="SpecYaml">The spec as the user wrote it.</param>
/// <param name="SpecName">File name of the spec, for messages.</param>
/// <param name="Base">Base model: <c>builtin:NAME</c> or an absolute path (the spec's own may be relative to its file).</param>
/// <param name="Data">What the client found in the data.</param>
/// <param name="Model">What the trainer's <c>inspect</c> found in the base model; null when it was not asked.</param>
/// <param name="Inputs">Pinned inputs; <see cref="InputRow.Sweep"/> is filled in by the grain.</param>
[Immutable]
public sealed record LaunchRequest(
    string ClientId,
    string SpecYaml,
    string SpecName,
    string Base,
    DataFacts Data,
    ModelFacts? Model,
    IReadOnlyList<InputRow> Inputs);

/// <summary>The launched sweep, or what is wrong with the request.</summary>
/// <param name="Sweep">Its id; null when refused.</param>
/// <param name="Fresh">False: this client id had launched it before.</param>
/// <param name="Trials">Trials in all.</param>
/// <param name="Errors">Why it is refused; empty when launched.</param>
[Immutable]
public sealed record LaunchAnswer(string? Sweep, bool Fresh, int Trials, IReadOnlyList<string> Errors);

/// <summary>A sweep as pages show it.</summary>
/// <param name="Sweep">Id.</param>
/// <param name="State">State.</param>
/// <param name="Wanted">Wish.</param>
/// <param name="Counts">Trials by state.</param>
/// <param name="SecondsLeft">Estimate of the wall seconds left; null when unknown.</param>
/// <param name="Running">Jobs held now, with their live progress.</param>
[Immutable]
public sealed record LiveSweep(
    string Sweep,
    SweepState State,
    Wanted Wanted,
    IReadOnlyDictionary<JobState, int> Counts,
    double? SecondsLeft,
    IReadOnlyList<LiveTrial> Running);
