using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Tests.Storage;

/// <summary>Rows for ledger tests, with every field that a test does not care about filled in.</summary>
internal static class Rows
{
    public static SweepRow Sweep(string id, SweepState state = SweepState.Running, long at = 1_000) => new()
    {
        Id = id,
        ClientId = $"client-of-{id}",
        Name = id,
        SpecYaml = "name: tiny\n",
        Fingerprint = "f00d",
        FactsJson = "{}",
        State = state,
        TrialCount = 2,
        ObjectiveMetric = "macro_f1",
        Maximize = true,
        CreatedAt = at,
        ActiveSince = at,
    };

    public static TrialRow Trial(string sweep, int number) => new()
    {
        Sweep = sweep,
        Number = number,
        PointJson = $"{{\"seed\":{number}}}",
        SettingsJson = $"{{\"seed\":{number},\"epochs\":3}}",
    };

    public static JobRow Job(string sweep, int trial) => new()
    {
        Id = JobId.Train(sweep, trial),
        Trial = trial,
        State = JobState.Queued,
    };

    public static AttemptRow Attempt(JobId job, int number, FailureClass? failure = null) => new()
    {
        Job = job,
        Number = number,
        Worker = "box",
        Incarnation = 3,
        Slot = 1,
        StartedAt = 2_000 + number,
        EndedAt = failure is null ? null : 3_000,
        Outcome = failure is null ? null : "failed",
        FailureClass = failure,
        RecoverySeconds = 0.5,
        Machine = "2.10.0 AVX512 1",
    };

    public static CheckpointRow Checkpoint(
        JobId job, int attempt, int step, CheckpointStatus status = CheckpointStatus.Kept) => new()
        {
            Job = job,
            Attempt = attempt,
            Step = step,
            Directory = $"{job.Sweep}/train-{job.Number}/attempt-{attempt}/step-{step}",
            Sha256 = new string('a', 64),
            Bytes = 4_096,
            HasState = true,
            Status = status,
            CommittedAt = 5_000,
        };

    public static EvaluationRow Evaluation(
        JobId job, int step, double f1, int attempt = 1, string split = "validation", string variant = "plain") => new()
        {
            Job = job,
            Step = step,
            Split = split,
            Variant = variant,
            Attempt = attempt,
            Loss = 1 - f1,
            Accuracy = f1,
            MacroF1 = f1,
            MetricsJson = "{\"f1\":{\"yes\":0.5}}",
            At = 6_000 + attempt,
        };

    public static DecisionRow Decision(string sweep, int trial, int step, string decision) => new()
    {
        Sweep = sweep,
        Trial = trial,
        Step = step,
        Decision = decision,
        Reason = "rung 1",
    };

    public static WorkerRow Worker(string name, long incarnation = 1) => new()
    {
        Name = name,
        Incarnation = incarnation,
        Host = "host",
        ProcessId = 42,
        Slots = 2,
        RegisteredAt = 7_000,
    };

    public static EventRow Event(string? sweep, string message, string kind = "lease") => new()
    {
        At = 8_000,
        Sweep = sweep,
        Kind = kind,
        Message = message,
    };

    public static LedgerCommit Commit(params LedgerRow[] rows) => new("test", rows);
}
