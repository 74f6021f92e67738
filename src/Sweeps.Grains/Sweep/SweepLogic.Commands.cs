using Sweeps.Abstractions.Sweep;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Faults;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.States;
using Sweeps.Grains.Logic;
using Sweeps.Grains.Trials;

namespace Sweeps.Grains.Sweep;

/// <content>What people ask: launch, pause, resume, cancel, retry, remove.</content>
internal sealed partial class SweepLogic
{
    /// <summary>Commits the sweep with all its points, once a client's id.</summary>
    public Task<LaunchAnswer> LaunchAsync(LaunchRequest request) => _serial.RunAsync(async () =>
    {
        if (await _ledger.FindLaunchAsync(request.ClientId) is { } known)
        {
            return known.Fingerprint == Fingerprint(request)
                ? new LaunchAnswer(known.Id, false, known.TrialCount, [])
                : new LaunchAnswer(null, false, 0, [$"the id '{request.ClientId}' has launched another spec (or other data) as {known.Id}: take a new id, or leave it away"]);
        }

        var plan = _planner.Plan(request);
        if (plan.Errors.Count > 0)
        {
            return new LaunchAnswer(null, false, 0, plan.Errors);
        }

        var result = await _ledger.CommitAsync(new LedgerCommit("launch", Rows(request, plan)));
        if (!result.Accepted)
        {
            // Somebody was faster with the same id: the next try finds it.
            throw new StaleVersionException($"the launch was refused: {result.Conflict}");
        }

        CrashPoint.Hit("launch-after-commit");
        await StepAsync();
        return new LaunchAnswer(_id, true, plan.Trials.Count, []);
    });

    /// <summary>Writes the wish into the sweep's row, and into no other.</summary>
    public Task<WishAnswer> WishAsync(Wanted wanted) => _serial.RunAsync(async () =>
    {
        if (!await LoadAsync())
        {
            return new WishAnswer(false, $"there is no sweep {_id}");
        }

        var row = _row!;
        if (row.State.HasEnded())
        {
            return new WishAnswer(
                row.State == SweepState.Cancelled && wanted == Wanted.Cancel, $"the sweep has ended: it is {Word(row.State)}");
        }

        if (row.State == SweepState.Scoring && wanted != Wanted.Cancel)
        {
            return wanted == Wanted.Run
                ? new WishAnswer(true, "the sweep is being scored already")
                : new WishAnswer(false, "every trial has ended and the chosen one is being scored, which takes seconds: only cancel ends that");
        }

        if (row.Wanted > wanted && row.Wanted is Wanted.Stop or Wanted.Cancel)
        {
            return new WishAnswer(false, row.Wanted == Wanted.Stop ? "max_time is reached: the trials are being stopped" : "the sweep is being cancelled already");
        }

        if (row.Wanted != wanted)
        {
            var word = wanted switch
            {
                Wanted.Run => "resume",
                Wanted.Pause => "pause",
                Wanted.Stop => "stop",
                _ => "cancel",
            };
            await CommitAsync("wish", row with { Wanted = wanted }, null, Happened($"{word}-wanted", $"a person asks to {word} the sweep"));
            _tellHeld = true;
        }

        await StepAsync();
        return new WishAnswer(true, wanted switch
        {
            Wanted.Run => "the sweep goes on",
            Wanted.Pause => "running trials checkpoint and are set aside",
            Wanted.Stop => "running trials checkpoint and stop",
            _ => "running trials checkpoint and the sweep is cancelled",
        });
    });

    /// <summary>Queues failed and cancelled trials again in one commit, reopening a sweep that ended without a score.</summary>
    public Task<WishAnswer> RetryAsync(IReadOnlyCollection<int>? trials) => _serial.RunAsync(async () =>
    {
        if (!await LoadAsync())
        {
            return new WishAnswer(false, $"there is no sweep {_id}");
        }

        var (row, index) = (_row!, _index!);
        if (row.Removed || row.State is SweepState.Scoring or SweepState.Completed)
        {
            return new WishAnswer(false, $"the sweep is {(row.Removed ? "removed" : "scored")} already: retry in a clone (launch the same spec again)");
        }

        var reopens = row.State.HasEnded();
        if (!reopens && row.Wanted >= Wanted.Stop)
        {
            return new WishAnswer(false, "the sweep is being ended: retry once it has");
        }

        if (Facts.MaxTimeSeconds is { } limit && SweepRules.ActiveSeconds(row, Now) >= limit)
        {
            return new WishAnswer(false, $"the sweep's max_time of {limit:0.#} s is spent: launch a clone with a longer one");
        }

        var named = index.Of(JobKind.Train).Where(j => trials is null || trials.Contains(j.Id.Number)).ToList();
        if (trials is not null && trials.FirstOrDefault(n => named.All(j => j.Id.Number != n)) is var missing and not 0)
        {
            return new WishAnswer(false, $"the sweep has no trial {missing} (1 to {row.TrialCount})");
        }

        var retried = named.Where(j => j.State is JobState.Failed or JobState.Cancelled).OrderBy(j => j.Id).ToList();
        if (retried.Count == 0)
        {
            var going = trials is not null && named.All(j => !j.State.HasEnded());
            return new WishAnswer(going, going ? "already queued or running" : "nothing to retry: only failed and cancelled trials are");
        }

        var next = reopens
            ? row with { State = SweepState.Running, Wanted = Wanted.Run, Winner = null, Reason = null, FinishedAt = null, ActiveSince = Now }
            : row;
        var words = retried.Count == 1 ? $"trial {retried[0].Id.Number} gets another go" : $"{retried.Count} trials get another go";
        await CommitAsync(
            "retry",
            next,
            reopens ? SweepTransition.Reopen : null,
            [.. retried.Select(j => JobRules.Retried(j, Now).Row), Happened("retry", words)]);
        await StepAsync();
        foreach (var job in retried)
        {
            _peers.PokeJob(job.Id);
        }

        return new WishAnswer(true, words);
    });

    /// <summary>Takes an ended sweep off the lists.</summary>
    public Task<WishAnswer> RemoveAsync() => _serial.RunAsync(async () =>
    {
        if (!await LoadAsync())
        {
            return new WishAnswer(false, $"there is no sweep {_id}");
        }

        if (!_row!.State.HasEnded())
        {
            return new WishAnswer(
                false,
                _row.Wanted == Wanted.Cancel
                    ? "the sweep is being cancelled: its trials are told to end; try again in a moment"
                    : $"the sweep is {Word(_row.State)}: cancel it first (sweeps cancel {_id})");
        }

        if (!_row.Removed)
        {
            await CommitAsync("remove", _row with { Removed = true }, null, Happened("removed", "taken off the lists by a person"));
        }

        return new WishAnswer(true, "the sweep is removed; its files go with the next sweep of the janitor");
    });

    private static string Fingerprint(LaunchRequest request) => SweepFingerprint.Of(
        request.SpecYaml,
        request.Base,
        request.Inputs.Where(i => !i.Role.StartsWith("base/", StringComparison.Ordinal)).Select(i => (i.Role, i.Sha256)));

    private List<LedgerRow> Rows(LaunchRequest request, LaunchPlan plan)
    {
        var rows = new List<LedgerRow>
        {
            new SweepRow
            {
                Id = _id,
                ClientId = request.ClientId,
                Name = plan.Name,
                SpecYaml = request.SpecYaml,
                Fingerprint = Fingerprint(request),
                FactsJson = SweepsJson.Write(plan.Facts),
                State = SweepState.Preflight,
                TrialCount = plan.Trials.Count,
                ObjectiveMetric = plan.Metric,
                Maximize = plan.Maximize,
                CreatedAt = Now,
                ActiveSince = Now,
            },
        };
        rows.AddRange(request.Inputs.Select(i => i with { Sweep = _id }));
        for (var i = 0; i < plan.Trials.Count; i++)
        {
            rows.Add(new TrialRow
            {
                Sweep = _id,
                Number = i + 1,
                PointJson = plan.Trials[i].PointJson,
                SettingsJson = plan.Trials[i].SettingsJson,
            });
            rows.Add(new JobRow { Id = JobId.Train(_id, i + 1), Trial = i + 1, State = JobState.Queued, TotalSteps = plan.Trials[i].Steps });
        }

        for (var i = 0; i < plan.Preflights.Count; i++)
        {
            rows.Add(new JobRow
            {
                Id = new JobId(_id, JobKind.Preflight, i + 1),
                SettingsJson = plan.Preflights[i],
                State = JobState.Queued,
            });
        }

        rows.Add(Happened("launch", $"{plan.Trials.Count} trials"));
        return rows;
    }
}
