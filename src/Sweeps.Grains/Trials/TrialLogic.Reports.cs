using Sweeps.Abstractions.Trials;
using Sweeps.Core.Faults;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Grains.Telemetry;

namespace Sweeps.Grains.Trials;

/// <content>Reports: checkpoints with what they carry, and events. The end of an attempt is beside this.</content>
internal sealed partial class TrialLogic
{
    private const int LongestMessage = 4000;

    /// <summary>Writes a report once; the same sequence again changes nothing and gets the same answer.</summary>
    public Task<ReportAnswer> ReportAsync(Report report) => _serial.RunAsync(async () =>
    {
        var record = await LoadAsync();
        if (record is not null && !IsCurrent(record.Job, report))
        {
            record = await LoadAsync(again: true);
        }

        if (record is null || !IsCurrent(record.Job, report))
        {
            SweepsMeter.Fenced.Add(1);
            return new ReportAnswer(true, Wanted.Run);
        }

        if (report.Sequence > record.Job.Sequence)
        {
            _clock.Heard();
            await WriteAsync(record, report);
            CrashPoint.Hit("report-after-commit");
        }

        await ObeyDecisionAsync(report);
        return new ReportAnswer(false, Wish(_record!));
    });

    /// <summary>Whether the report is the holder's next one, or one that was written already.</summary>
    private static bool IsCurrent(JobRow job, Report report) =>
        report.Attempt == job.Attempt
        && report.Sequence >= 1
        && (report.Sequence <= job.Sequence || (job.State.IsHeld() && report.Sequence == job.Sequence + 1));

    private async Task WriteAsync(JobRecord record, Report report)
    {
        if (report.End is { } end)
        {
            await WriteEndAsync(record, report, end);
            return;
        }

        var next = record.Job with { Sequence = report.Sequence };
        if (next.State == JobState.Leased)
        {
            (next, _) = JobRules.Move(next, JobTransition.Start, Now);
        }

        var rows = new List<LedgerRow>();
        if (report.Offer is { } offer)
        {
            next = await TakeOfferAsync(record, next, offer, rows);
        }

        if (report.Event is { } happened)
        {
            next = await TakeEventAsync(record, next, happened, rows);
        }

        await CommitAsync(report.Offer is null ? "event" : "checkpoint", record, next, rows);
    }

    private async Task<JobRow> TakeOfferAsync(JobRecord record, JobRow next, OfferFrame offer, List<LedgerRow> rows)
    {
        foreach (var evaluation in offer.Evaluations)
        {
            rows.Add(ToRow(evaluation, next.Attempt));
        }

        rows.AddRange(offer.Points
            .Where(p => double.IsFinite(p.Loss) && double.IsFinite(p.LearningRate))
            .DistinctBy(p => p.Step)
            .Select(p => new MetricPointRow
            {
                Job = _job,
                Step = p.Step,
                Loss = p.Loss,
                LearningRate = p.LearningRate,
                GradientNorm = p.GradientNorm is { } norm && double.IsFinite(norm) ? norm : null,
            }));

        next = next with
        {
            Seconds = next.Seconds + Math.Max(0, offer.Seconds),
            TotalSteps = offer.TotalSteps > 0 ? offer.TotalSteps : next.TotalSteps,
            TrainableParameters = offer.TrainableParameters ?? next.TrainableParameters,
            TotalParameters = offer.TotalParameters ?? next.TotalParameters,
            StepSeconds = offer.StepSeconds ?? next.StepSeconds,
            PeakMemoryBytes = offer.PeakMemoryBytes is { } peak ? Math.Max(peak, next.PeakMemoryBytes ?? 0) : next.PeakMemoryBytes,
        };

        if (offer.Checkpoint is { } checkpoint)
        {
            return await TakeCheckpointAsync(record, next, checkpoint, offer.Evaluations, rows);
        }

        // Kinds that write no checkpoint: the evaluation itself is the result. A trial's counts with its checkpoint only.
        var split = _job.Kind == JobKind.Evaluate ? "test" : null;
        return split is not null && ValueOf(offer.Evaluations.Where(e => e.Split == split)) is { } value
            ? next with { BestValue = value, BestStep = offer.Evaluations.First(e => e.Split == split).Step }
            : next;
    }

    private async Task<JobRow> TakeCheckpointAsync(
        JobRecord record,
        JobRow next,
        OfferedCheckpoint offered,
        IReadOnlyList<OfferedEvaluation> evaluations,
        List<LedgerRow> rows)
    {
        // An evaluation counts only in the commit of the checkpoint at its step: the best never names missing weights.
        var value = ValueOf(evaluations.Where(e => e.Split == "validation" && e.Step == offered.Step));
        var repeatsBest = value is not null && next.BestStep == offered.Step;
        var isBest = value is { } v && (repeatsBest || _sweep!.ToObjective().IsBetter(v, next.BestValue));
        var added = new CheckpointRow
        {
            Job = _job,
            Attempt = next.Attempt,
            Step = offered.Step,
            Directory = offered.Directory,
            Sha256 = offered.Sha256,
            Bytes = offered.Bytes,
            HasState = offered.HasState,
            IsBest = isBest,
            IsFinal = offered.IsFinal,
            Status = CheckpointStatus.Kept,
            CommittedAt = Now,
        };
        rows.AddRange(CheckpointRules.Add(record.Checkpoints, added));
        if (isBest)
        {
            next = next with { BestValue = value, BestStep = offered.Step, BestSha256 = offered.WeightsSha256 };
        }

        if (offered.IsFinal)
        {
            next = next with { FinalSha256 = offered.WeightsSha256 };
        }

        if (offered.Step > next.Step)
        {
            // Progress: what failed before is behind it.
            next = next with { Step = offered.Step, Failures = 0, SiloDeaths = 0 };
        }

        if (await RecoveredAsync(record, offered.Step, record.OpenAttempt?.ResumedFrom ?? 0) is { } recovered)
        {
            rows.Add(recovered);
        }

        SweepsMeter.CheckpointSeconds.Record(offered.WriteSeconds);
        return next;
    }

    private async Task<JobRow> TakeEventAsync(JobRecord record, JobRow next, EventFrame happened, List<LedgerRow> rows)
    {
        var message = happened.Message.Length > LongestMessage ? happened.Message[..LongestMessage] : happened.Message;
        rows.Add(Happened(
            happened.Kind, message, next.Attempt, happened.Checkpoint is { } name ? SweepsJson.Write(name) : null));
        if (happened is not { Kind: "checkpoint-bad", Checkpoint: { } bad }
            || record.Checkpoints.FirstOrDefault(c => c.Attempt == bad.Attempt && c.Step == bad.Step) is not { } row)
        {
            return next;
        }

        rows.Add(row with { Status = CheckpointStatus.Bad, IsBest = false });
        if (!row.IsBest || _job.Kind != JobKind.Train)
        {
            return next;
        }

        // The best must name weights that exist: fall back to the best of those that are left.
        var evaluations = await _queries.EvaluationsAsync(_job);
        var left = record.Checkpoints
            .Where(c => c.Status == CheckpointStatus.Kept && !ReferenceEquals(c, row))
            .Select(c => (Checkpoint: c, Value: ValueAt(evaluations, c.Step)))
            .Where(x => x.Value is not null)
            .OrderByDescending(x => _sweep!.Maximize ? x.Value : -x.Value)
            .ThenBy(x => x.Checkpoint.Step);
        var best = left.FirstOrDefault();
        if (best.Checkpoint is not null)
        {
            rows.Add(best.Checkpoint with { IsBest = true });
        }

        return next with { BestValue = best.Value, BestStep = best.Checkpoint?.Step, BestSha256 = null };
    }

    /// <summary>
    /// A trial scheduler's decision at an evaluated step is a row, written once; the answer is read from it, so a
    /// repeated report gets the same one.
    /// </summary>
    private async Task ObeyDecisionAsync(Report report)
    {
        if (_job.Kind != JobKind.Train
            || report.Offer is not { Checkpoint: { } checkpoint } offer
            || offer.Evaluations.All(e => e.Split != "validation")
            || _record!.Job.State.HasEnded()
            || _record.Job.Wanted >= Wanted.Stop)
        {
            return;
        }

        var decision = await _ledger.FindDecisionAsync(_job.Sweep, _job.Number, checkpoint.Step);
        if (decision?.Decision == "stop")
        {
            var record = _record!;
            var why = decision.Reason ?? $"stopped by the scheduler at step {checkpoint.Step}";
            await CommitAsync(
                "decision",
                record,
                record.Job with { Wanted = Wanted.Stop, Message = why },
                [Happened("scheduler-stop", why, record.Job.Attempt)]);
        }
    }

    private EvaluationRow ToRow(OfferedEvaluation evaluation, int attempt) => new()
    {
        Job = _job,
        Step = evaluation.Step,
        Split = evaluation.Split,
        Variant = evaluation.Variant,
        Attempt = attempt,
        Loss = Finite(evaluation.Loss),
        Accuracy = Finite(evaluation.Accuracy),
        MacroF1 = Finite(evaluation.MacroF1),
        MetricsJson = SweepsJson.Write(new EvaluationDetails(evaluation.F1, evaluation.Rows, evaluation.MicroF1)),
        At = Now,
    };

    /// <summary>What the weights of these evaluations are worth: the value of their best decision.</summary>
    private double? ValueOf(IEnumerable<OfferedEvaluation> evaluations)
    {
        var objective = _sweep!.ToObjective();
        return objective.Best(evaluations, e => e.Variant, objective.Of) is { } best ? objective.Of(best) : null;
    }

    private double? ValueAt(IReadOnlyList<EvaluationRow> evaluations, int step)
    {
        var objective = _sweep!.ToObjective();
        var there = evaluations.Where(e => e.Step == step && e.Split == "validation");
        return objective.Best(there, e => e.Variant, objective.Of) is { } best ? objective.Of(best) : null;
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
