-- The ledger of a home, first release. README.md of Sweeps.Storage explains it; people may query it while a silo runs.
-- Times are Unix milliseconds (UTC), durations seconds, flags 0 or 1, enums kebab-case words. A number that is not a
-- number is the text 'NaN' (SQLite would store NULL). "change" is the number of the commit that last wrote the row.
PRAGMA application_id = 0x53575053;

CREATE TABLE schema_version (
    version     INTEGER PRIMARY KEY,
    release     TEXT    NOT NULL,
    applied_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE change_counter (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    change  INTEGER NOT NULL
) STRICT;

INSERT INTO change_counter (id, change) VALUES (1, 0);

CREATE TABLE sweeps (
    id                         TEXT    NOT NULL PRIMARY KEY,
    client_id                  TEXT    NOT NULL UNIQUE,
    name                       TEXT    NOT NULL,
    spec_yaml                  TEXT    NOT NULL,
    fingerprint                TEXT    NOT NULL,
    facts                      TEXT    NOT NULL,
    state                      TEXT    NOT NULL,
    wanted                     TEXT    NOT NULL,
    reason                     TEXT,
    trial_count                INTEGER NOT NULL,
    winner                     INTEGER,
    objective_metric           TEXT    NOT NULL,
    maximize                   INTEGER NOT NULL,
    created_at                 INTEGER NOT NULL,
    finished_at                INTEGER,
    active_seconds             REAL    NOT NULL,
    active_since               INTEGER,
    peak_memory_bytes          INTEGER NOT NULL,
    estimated_trainer_seconds  REAL,
    removed                    INTEGER NOT NULL,
    version                    INTEGER NOT NULL,
    change                     INTEGER NOT NULL
);

CREATE TABLE inputs (
    sweep   TEXT    NOT NULL,
    role    TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    sha256  TEXT    NOT NULL,
    bytes   INTEGER NOT NULL,
    change  INTEGER NOT NULL,
    PRIMARY KEY (sweep, role)
) WITHOUT ROWID;

CREATE TABLE trials (
    sweep     TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    point     TEXT    NOT NULL,
    settings  TEXT    NOT NULL,
    change    INTEGER NOT NULL,
    PRIMARY KEY (sweep, number)
) WITHOUT ROWID;

CREATE TABLE jobs (
    sweep                 TEXT    NOT NULL,
    kind                  TEXT    NOT NULL,
    number                INTEGER NOT NULL,
    trial                 INTEGER,
    settings              TEXT,
    state                 TEXT    NOT NULL,
    wanted                TEXT    NOT NULL,
    attempt               INTEGER NOT NULL,
    sequence              INTEGER NOT NULL,
    failures              INTEGER NOT NULL,
    silo_deaths           INTEGER NOT NULL,
    not_before            INTEGER NOT NULL,
    front                 INTEGER NOT NULL,
    worker                TEXT,
    incarnation           INTEGER NOT NULL,
    slot                  INTEGER,
    request               INTEGER NOT NULL,
    failure_class         TEXT,
    message               TEXT,
    started_at            INTEGER,
    finished_at           INTEGER,
    seconds               REAL    NOT NULL,
    total_steps           INTEGER NOT NULL,
    step                  INTEGER NOT NULL,
    best_value            REAL,
    best_step             INTEGER,
    final_sha256          TEXT,
    best_sha256           TEXT,
    trainable_parameters  INTEGER,
    total_parameters      INTEGER,
    step_seconds          REAL,
    peak_memory_bytes     INTEGER,
    version               INTEGER NOT NULL,
    change                INTEGER NOT NULL,
    PRIMARY KEY (sweep, kind, number)
) WITHOUT ROWID;

CREATE INDEX jobs_by_change ON jobs (sweep, change);

CREATE TABLE attempts (
    sweep             TEXT    NOT NULL,
    job_kind          TEXT    NOT NULL,
    job_number        INTEGER NOT NULL,
    number            INTEGER NOT NULL,
    worker            TEXT    NOT NULL,
    incarnation       INTEGER NOT NULL,
    slot              INTEGER NOT NULL,
    started_at        INTEGER NOT NULL,
    ended_at          INTEGER,
    outcome           TEXT,
    failure_class     TEXT,
    message           TEXT,
    resumed_from      INTEGER NOT NULL,
    recovery_seconds  REAL,
    machine           TEXT,
    change            INTEGER NOT NULL,
    PRIMARY KEY (sweep, job_kind, job_number, number)
) WITHOUT ROWID;

CREATE INDEX attempts_failed ON attempts (failure_class) WHERE outcome = 'failed';

CREATE TABLE checkpoints (
    sweep         TEXT    NOT NULL,
    job_kind      TEXT    NOT NULL,
    job_number    INTEGER NOT NULL,
    attempt       INTEGER NOT NULL,
    step          INTEGER NOT NULL,
    directory     TEXT    NOT NULL,
    sha256        TEXT    NOT NULL,
    bytes         INTEGER NOT NULL,
    has_state     INTEGER NOT NULL,
    is_best       INTEGER NOT NULL,
    is_final      INTEGER NOT NULL,
    status        TEXT    NOT NULL,
    committed_at  INTEGER NOT NULL,
    change        INTEGER NOT NULL,
    PRIMARY KEY (sweep, job_kind, job_number, attempt, step)
) WITHOUT ROWID;

CREATE TABLE evaluations (
    sweep       TEXT    NOT NULL,
    job_kind    TEXT    NOT NULL,
    job_number  INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    split       TEXT    NOT NULL,
    variant     TEXT    NOT NULL,
    attempt     INTEGER NOT NULL,
    loss        REAL,
    accuracy    REAL,
    macro_f1    REAL,
    metrics     TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    change      INTEGER NOT NULL,
    PRIMARY KEY (sweep, job_kind, job_number, step, split, variant)
) WITHOUT ROWID;

CREATE TABLE evaluation_history (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    sweep       TEXT    NOT NULL,
    job_kind    TEXT    NOT NULL,
    job_number  INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    split       TEXT    NOT NULL,
    variant     TEXT    NOT NULL,
    attempt     INTEGER NOT NULL,
    loss        REAL,
    accuracy    REAL,
    macro_f1    REAL,
    metrics     TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    change      INTEGER NOT NULL
);

CREATE INDEX evaluation_history_by_job ON evaluation_history (sweep, job_kind, job_number);

CREATE TABLE decisions (
    sweep     TEXT    NOT NULL,
    trial     INTEGER NOT NULL,
    step      INTEGER NOT NULL,
    decision  TEXT    NOT NULL,
    reason    TEXT,
    change    INTEGER NOT NULL,
    PRIMARY KEY (sweep, trial, step)
) WITHOUT ROWID;

CREATE TABLE metric_points (
    sweep          TEXT    NOT NULL,
    job_kind       TEXT    NOT NULL,
    job_number     INTEGER NOT NULL,
    step           INTEGER NOT NULL,
    loss           REAL    NOT NULL,
    learning_rate  REAL    NOT NULL,
    gradient_norm  REAL,
    change         INTEGER NOT NULL,
    PRIMARY KEY (sweep, job_kind, job_number, step)
) WITHOUT ROWID;

CREATE TABLE workers (
    name           TEXT    NOT NULL PRIMARY KEY,
    incarnation    INTEGER NOT NULL,
    host           TEXT    NOT NULL,
    process_id     INTEGER NOT NULL,
    slots          INTEGER NOT NULL,
    machine        TEXT,
    devices        TEXT,
    registered_at  INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    change         INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    sweep       TEXT,
    job_kind    TEXT,
    job_number  INTEGER,
    attempt     INTEGER,
    kind        TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    data        TEXT,
    change      INTEGER NOT NULL
);

CREATE INDEX events_by_sweep ON events (sweep, number);

-- SELECT * FROM leaderboard WHERE sweep = 'quickstart-3f9a1c2b' ORDER BY rank;
CREATE VIEW leaderboard AS
SELECT
    s.id AS sweep,
    row_number() OVER (
        PARTITION BY s.id
        ORDER BY j.best_value IS NULL, CASE WHEN s.maximize THEN -j.best_value ELSE j.best_value END, t.number
    ) AS rank,
    t.number AS trial,
    j.state AS state,
    s.objective_metric AS objective_metric,
    j.best_value AS best_value,
    j.best_step AS best_step,
    e.loss AS loss,
    e.accuracy AS accuracy,
    e.macro_f1 AS macro_f1,
    j.seconds AS seconds,
    j.attempt AS attempts,
    j.trainable_parameters AS trainable_parameters,
    j.total_parameters AS total_parameters,
    s.winner IS t.number AS chosen,
    t.point AS point
FROM sweeps s
JOIN trials t ON t.sweep = s.id
JOIN jobs j ON j.sweep = s.id AND j.kind = 'train' AND j.number = t.number
LEFT JOIN evaluations e
    ON e.sweep = s.id AND e.job_kind = 'train' AND e.job_number = t.number
    AND e.step = j.best_step AND e.split = 'validation' AND e.variant = 'plain';
