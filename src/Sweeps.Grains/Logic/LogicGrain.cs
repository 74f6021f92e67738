using Sweeps.Abstractions;

namespace Sweeps.Grains.Logic;

/// <summary>A grain over plain logic: an unknown outcome ends the activation, so that the next one reads the rows.</summary>
internal abstract class LogicGrain : Grain
{
    /// <summary>Carries a call out.</summary>
    protected async Task<T> GuardAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (OutcomeUnknownException)
        {
            DeactivateOnIdle();
            throw;
        }
    }

    /// <summary>Carries a call out.</summary>
    protected async Task GuardAsync(Func<Task> call) =>
        await GuardAsync(async () =>
        {
            await call();
            return true;
        });

    /// <summary>A timer's tick: an unknown outcome ends the activation and is no error of the timer's.</summary>
    protected async Task TickAsync(Func<Task> tick)
    {
        try
        {
            await tick();
        }
        catch (OutcomeUnknownException)
        {
            DeactivateOnIdle();
        }
    }

    /// <summary>Starts a timer that interleaves with calls.</summary>
    protected IGrainTimer Every(TimeSpan period, Func<Task> tick, bool keepAlive = false) =>
        this.RegisterGrainTimer(
            static (t, _) => t(),
            () => TickAsync(tick),
            new GrainTimerCreationOptions(period, period) { Interleave = true, KeepAlive = keepAlive });
}
