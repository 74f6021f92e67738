using Microsoft.Extensions.Logging;

namespace Sweeps.Grains.Logic;

/// <summary>Calls that only make things faster: not waited for, and their errors are nobody's.</summary>
internal static class Hints
{
    /// <summary>Lets the call run; an error is logged at debug level.</summary>
    public static void Send(Func<Task> call, ILogger logger) => _ = SendAsync(call, logger);

    /// <summary>Waits for the call; an error is logged at debug level.</summary>
    public static async Task SendAsync(Func<Task> call, ILogger logger)
    {
        try
        {
            await call();
        }
        catch (Exception e)
        {
            logger.LogDebug(e, "a hint was lost");
        }
    }
}
