using Sweeps.Abstractions;

namespace Sweeps.Web.Grains;

/// <summary>Repeats idempotent calls whose outcome is unknown.</summary>
internal static class Repeat
{
    private const int Tries = 3;

    /// <summary>Calls until there is an answer, three times at most: a failure leaves a grain that reads its rows again.</summary>
    public static async Task<T> AsLongAsUnknownAsync<T>(Func<Task<T>> call)
    {
        for (var tried = 1; ; tried++)
        {
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (OutcomeUnknownException) when (tried < Tries)
            {
                // The next call meets the grain's next activation.
            }
        }
    }
}
