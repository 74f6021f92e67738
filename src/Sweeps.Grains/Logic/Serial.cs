using Microsoft.Extensions.Logging;
using Sweeps.Abstractions;
using Sweeps.Core.Ledger;

namespace Sweeps.Grains.Logic;

/// <summary>
/// Carries out one activation's writing calls, one after the other, under the rule of the ledger's errors: a refusal
/// wrote nothing, so the call reads again and starts anew; any other error leaves the outcome unknown, so the activation
/// forgets everything and the caller repeats the call.
/// </summary>
internal sealed class Serial(string name, Action forget, ILogger logger)
{
    private const int Tries = 5;
    private readonly AsyncGate _gate = new();

    /// <summary>Whether a call is being carried out.</summary>
    public bool IsBusy => _gate.IsHeld;

    /// <summary>Carries the call out; it must begin by loading what it works on.</summary>
    /// <exception cref="OutcomeUnknownException">The ledger failed: repeat the call.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> call)
    {
        using var turn = await _gate.EnterAsync();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (StaleVersionException e) when (attempt < Tries)
            {
                logger.LogDebug("{Name}: {Reason}; reading again", name, e.Message);
                forget();
            }
            catch (OutcomeUnknownException)
            {
                forget();
                throw;
            }
            catch (Exception e)
            {
                forget();
                logger.LogWarning(e, "{Name}: the outcome is unknown; reading again", name);

                // Without its cause, which is logged: the wire knows no exceptions of stores.
                throw new OutcomeUnknownException($"{name}: {e.Message}; repeat the call")
                {
                    DiskFull = e is LedgerFullException ? e.Message : null,
                    Cause = e.GetType().Name,
                };
            }
        }
    }

    /// <summary>Carries the call out.</summary>
    public async Task RunAsync(Func<Task> call) =>
        await RunAsync(async () =>
        {
            await call();
            return true;
        });
}
