using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Storage.Sqlite;

/// <content>The tables of rows keyed by content, and of events.</content>
internal static partial class Tables
{
    public static readonly Table<InputRow> Inputs = new(
        "inputs",
        2,
        [
            new("sweep", r => r.Sweep),
            new("role", r => r.Role),
            new("name", r => r.Name),
            new("sha256", r => r.Sha256),
            new("bytes", r => r.Bytes),
        ],
        r => new InputRow
        {
            Sweep = r.Text(),
            Role = r.Text(),
            Name = r.Text(),
            Sha256 = r.Text(),
            Bytes = r.Long(),
            Change = r.Long(),
        });

    public static readonly Table<TrialRow> Trials = new(
        "trials",
        2,
        [
            new("sweep", r => r.Sweep),
            new("number", r => r.Number),
            new("point", r => r.PointJson),
            new("settings", r => r.SettingsJson),
        ],
        r => new TrialRow
        {
            Sweep = r.Text(),
            Number = r.Int(),
            PointJson = r.Text(),
            SettingsJson = r.Text(),
            Change = r.Long(),
        });

    public static readonly Table<AttemptRow> Attempts = new(
        "attempts",
        4,
        [
            .. JobKey<AttemptRow>(r => r.Job),
            new("number", r => r.Number),
            new("worker", r => r.Worker),
            new("incarnation", r => r.Incarnation),
            new("slot", r => r.Slot),
            new("started_at", r => r.StartedAt),
            new("ended_at", r => r.EndedAt),
            new("outcome", r => r.Outcome),
            new("failure_class", r => Word(r.FailureClass)),
            new("message", r => r.Message),
            new("resumed_from", r => r.ResumedFrom),
            new("recovery_seconds", r => r.RecoverySeconds),
            new("machine", r => r.Machine),
        ],
        r => new AttemptRow
        {
            Job = r.Job(),
            Number = r.Int(),
            Worker = r.Text(),
            Incarnation = r.Long(),
            Slot = r.Int(),
            StartedAt = r.Long(),
            EndedAt = r.LongOrNull(),
            Outcome = r.TextOrNull(),
            FailureClass = r.WordOrNull<FailureClass>(),
            Message = r.TextOrNull(),
            ResumedFrom = r.Int(),
            RecoverySeconds = r.RealOrNull(),
            Machine = r.TextOrNull(),
            Change = r.Long(),
        });

    public static readonly Table<CheckpointRow> Checkpoints = new(
        "checkpoints",
        5,
        [
            .. JobKey<CheckpointRow>(r => r.Job),
            new("attempt", r => r.Attempt),
            new("step", r => r.Step),
            new("directory", r => r.Directory),
            new("sha256", r => r.Sha256),
            new("bytes", r => r.Bytes),
            new("has_state", r => r.HasState),
            new("is_best", r => r.IsBest),
            new("is_final", r => r.IsFinal),
            new("status", r => Words<CheckpointStatus>.Of(r.Status)),
            new("committed_at", r => r.CommittedAt),
        ],
        r => new CheckpointRow
        {
            Job = r.Job(),
            Attempt = r.Int(),
            Step = r.Int(),
            Directory = r.Text(),
            Sha256 = r.Text(),
            Bytes = r.Long(),
            HasState = r.Flag(),
            IsBest = r.Flag(),
            IsFinal = r.Flag(),
            Status = r.Word<CheckpointStatus>(),
            CommittedAt = r.Long(),
            Change = r.Long(),
        });

    private static readonly Column<EvaluationRow>[] EvaluationColumns =
    [
        .. JobKey<EvaluationRow>(r => r.Job),
        new("step", r => r.Step),
        new("split", r => r.Split),
        new("variant", r => r.Variant),
        new("attempt", r => r.Attempt),
        new("loss", r => r.Loss),
        new("accuracy", r => r.Accuracy),
        new("macro_f1", r => r.MacroF1),
        new("metrics", r => r.MetricsJson),
        new("at", r => r.At),
    ];

    public static readonly Table<EvaluationRow> Evaluations = new("evaluations", 6, EvaluationColumns, ReadEvaluation);

    public static readonly Table<EvaluationRow> EvaluationHistory =
        new("evaluation_history", 6, EvaluationColumns, ReadEvaluation);

    public static readonly Table<DecisionRow> Decisions = new(
        "decisions",
        3,
        [
            new("sweep", r => r.Sweep),
            new("trial", r => r.Trial),
            new("step", r => r.Step),
            new("decision", r => r.Decision),
            new("reason", r => r.Reason),
        ],
        r => new DecisionRow
        {
            Sweep = r.Text(),
            Trial = r.Int(),
            Step = r.Int(),
            Decision = r.Text(),
            Reason = r.TextOrNull(),
            Change = r.Long(),
        });

    public static readonly Table<MetricPointRow> MetricPoints = new(
        "metric_points",
        4,
        [
            .. JobKey<MetricPointRow>(r => r.Job),
            new("step", r => r.Step),
            new("loss", r => r.Loss),
            new("learning_rate", r => r.LearningRate),
            new("gradient_norm", r => r.GradientNorm),
        ],
        r => new MetricPointRow
        {
            Job = r.Job(),
            Step = r.Int(),
            Loss = r.Real(),
            LearningRate = r.Real(),
            GradientNorm = r.RealOrNull(),
            Change = r.Long(),
        });

    /// <summary>Events: the key <c>number</c> is SQLite's own, see <see cref="ReadEvent"/>.</summary>
    public static readonly Table<EventRow> Events = new(
        "events",
        1,
        [
            new("at", r => r.At),
            new("sweep", r => r.Sweep ?? r.Job?.Sweep),
            new("job_kind", r => r.Job is { } job ? Words<JobKind>.Of(job.Kind) : null),
            new("job_number", r => r.Job?.Number),
            new("attempt", r => r.Attempt),
            new("kind", r => r.Kind),
            new("message", r => r.Message),
            new("data", r => r.DataJson),
        ],
        ReadEvent);

    private static EvaluationRow ReadEvaluation(RowReader r) => new()
    {
        Job = r.Job(),
        Step = r.Int(),
        Split = r.Text(),
        Variant = r.Text(),
        Attempt = r.Int(),
        Loss = r.RealOrNull(),
        Accuracy = r.RealOrNull(),
        MacroF1 = r.RealOrNull(),
        MetricsJson = r.Text(),
        At = r.Long(),
        Change = r.Long(),
    };

    private static EventRow ReadEvent(RowReader r)
    {
        var at = r.Long();
        var sweep = r.TextOrNull();
        var kind = r.WordOrNull<JobKind>();
        var number = r.IntOrNull();
        return new EventRow
        {
            At = at,
            Sweep = sweep,
            Job = kind is { } k ? new JobId(sweep!, k, number!.Value) : null,
            Attempt = r.IntOrNull(),
            Kind = r.Text(),
            Message = r.Text(),
            DataJson = r.TextOrNull(),
            Change = r.Long(),
        };
    }

    private static Column<T>[] JobKey<T>(Func<T, JobId> job)
        where T : LedgerRow =>
    [
        new("sweep", r => job(r).Sweep),
        new("job_kind", r => Words<JobKind>.Of(job(r).Kind)),
        new("job_number", r => job(r).Number),
    ];
}
