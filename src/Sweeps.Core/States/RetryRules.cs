namespace Sweeps.Core.States;

/// <summary>Whether and when a failed attempt is tried again.</summary>
public static class RetryRules
{
    /// <summary>Silo deaths in a row without a new checkpoint that quarantine a job.</summary>
    public const int PoisonDeaths = 5;

    /// <summary>Whether the class may be retried at all.</summary>
    public static bool MayRetry(FailureClass failure) =>
        failure is not (FailureClass.BadData or FailureClass.BadSpec or FailureClass.Poison);

    /// <summary>
    /// The wait before try <paramref name="failures"/>: none for the first retry after a failure, then 2 s doubling to
    /// 60 s, times a jitter in [0.5, 1.5).
    /// </summary>
    /// <param name="failures">Failures so far, at least 1.</param>
    /// <param name="jitter">Uniform in [0, 1).</param>
    public static TimeSpan Delay(int failures, double jitter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);
        if (failures == 1)
        {
            return TimeSpan.Zero;
        }

        var seconds = Math.Min(60, Math.Pow(2, Math.Min(failures - 1, 10)));
        return TimeSpan.FromSeconds(seconds * (0.5 + jitter));
    }
}
