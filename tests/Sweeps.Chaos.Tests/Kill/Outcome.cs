namespace Sweeps.Chaos.Tests.Kill;

/// <summary>What a sweep ended with, as far as a crash could change it.</summary>
/// <param name="State">State of the sweep.</param>
/// <param name="Winner">The chosen trial.</param>
/// <param name="Trials">Final weights' hash and state by trial.</param>
/// <param name="Evaluations">Every evaluation with its metrics.</param>
internal sealed record Outcome(
    string State,
    long Winner,
    IReadOnlyList<(long Trial, string State, string FinalSha256, string BestSha256)> Trials,
    IReadOnlyList<string> Evaluations)
{
    public static Outcome Of(TestHome home, string sweep) => new(
        home.Text("SELECT state FROM sweeps WHERE id = $0", sweep) ?? "missing",
        home.Number("SELECT winner FROM sweeps WHERE id = $0", sweep),
        [.. home.Rows("SELECT number, state, coalesce(final_sha256, ''), coalesce(best_sha256, '') FROM jobs WHERE sweep = $0 AND kind = 'train' ORDER BY number", sweep)
            .Select(r => ((long)r[0], (string)r[1], (string)r[2], (string)r[3]))],
        [.. home.Rows("SELECT job_kind, job_number, step, split, variant, loss, accuracy, macro_f1 FROM evaluations WHERE sweep = $0 ORDER BY job_kind, job_number, step, split", sweep)
            .Select(r => string.Join(' ', r.Select(v => Convert.ToString(v, System.Globalization.CultureInfo.InvariantCulture))))]);

    /// <summary>Fails unless the sweep ended as the undisturbed one, and every trial exactly once.</summary>
    public static Outcome AssertSame(Outcome expected, TestHome home, string sweep)
    {
        var actual = Of(home, sweep);
        Assert.True(actual.State == expected.State, $"{sweep} is {actual.State}{Environment.NewLine}{home.Story()}");
        Assert.Equal(expected.Trials, actual.Trials);
        Assert.Equal(expected.Evaluations, actual.Evaluations);
        Assert.Equal(expected.Winner, actual.Winner);

        // Exactly once: one attempt of each job completed it, none is open, and no replayed step differed.
        Assert.Empty(home.Rows("SELECT job_kind, job_number, count(*) FROM attempts WHERE sweep = $0 AND outcome = 'completed' GROUP BY 1, 2 HAVING count(*) <> 1", sweep));
        Assert.Equal(
            home.Number("SELECT count(*) FROM jobs WHERE sweep = $0 AND state = 'completed'", sweep),
            home.Number("SELECT count(*) FROM attempts WHERE sweep = $0 AND outcome = 'completed'", sweep));
        Assert.Equal(0, home.Number("SELECT count(*) FROM attempts WHERE sweep = $0 AND ended_at IS NULL", sweep));
        Assert.Empty(home.Rows("SELECT message FROM events WHERE sweep = $0 AND kind = 'replay-differs'", sweep));
        return actual;
    }
}
