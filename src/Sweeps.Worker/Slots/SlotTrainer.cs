using Sweeps.Core.Trainer;
using Sweeps.Worker.Trainers;

namespace Sweeps.Worker.Slots;

/// <summary>
/// The trainer of one slot: started when needed, kept warm for the next assignment on the same base, replaced after a
/// failure, after many assignments or when it has grown, ended when idle. Used by its slot's loop only, but for
/// <see cref="Kill"/> and <see cref="ResidentBytes"/>.
/// </summary>
internal sealed class SlotTrainer(
    int slot, WorkerOptions options, WorkerState state, ITrainerLauncher launcher, SlotFiles files, TimeProvider clock)
{
    private const long GrowthAllowed = 1L << 30;
    private static readonly TimeSpan ExitWait = TimeSpan.FromSeconds(2);
    private ITrainer? _trainer;
    private Task<ITrainer>? _prepared;
    private string? _baseKey;
    private int _assignments;
    private long? _firstBytes;
    private long _usedAt;
    private long _weighedAt;

    /// <summary>A trainer for an assignment on this base.</summary>
    /// <exception cref="TrainerStartException">None starts.</exception>
    public async Task<ITrainer> TakeAsync(string baseKey, CancellationToken cancellation)
    {
        if (_trainer is { } warm
            && (warm.Exited.IsCompleted || (_baseKey ?? baseKey) != baseKey || _assignments >= options.AssignmentsPerTrainer || HasGrown(warm)))
        {
            await EndAsync().ConfigureAwait(false);
        }

        _trainer ??= await PreparedAsync().ConfigureAwait(false) ?? await StartAsync(cancellation).ConfigureAwait(false);
        _baseKey = baseKey;
        _assignments++;
        return _trainer;
    }

    /// <summary>The assignment ended well.</summary>
    public void GiveBack() => _usedAt = clock.GetTimestamp();

    /// <summary>Starts the trainer ahead of its first assignment.</summary>
    /// <exception cref="TrainerStartException">It does not start.</exception>
    public async Task WarmUpAsync(CancellationToken cancellation)
    {
        _trainer ??= await StartAsync(cancellation).ConfigureAwait(false);
        _usedAt = clock.GetTimestamp();
    }

    /// <summary>Starts the trainer while the first job is still being waited for.</summary>
    public void Prepare(CancellationToken cancellation)
    {
        if (_trainer is null)
        {
            _prepared ??= StartAsync(cancellation);
        }
    }

    /// <summary>The trainer failed: it goes, and if asked the next one starts meanwhile.</summary>
    public async Task ReplaceAsync(bool prepare, CancellationToken cancellation)
    {
        await DisposeAsync().ConfigureAwait(false);
        if (prepare)
        {
            _prepared = StartAsync(cancellation);
        }
    }

    /// <summary>Ends a trainer that has had no work for long.</summary>
    public async Task EndWhenIdleAsync()
    {
        if (_prepared is { IsCompleted: true })
        {
            _trainer ??= await PreparedAsync().ConfigureAwait(false);
            _usedAt = clock.GetTimestamp();
        }

        if (_trainer is not null && clock.GetElapsedTime(_usedAt) >= options.IdleTrainer)
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Asks the trainer to exit, and kills it if it does not.</summary>
    public async Task EndAsync()
    {
        _trainer ??= await PreparedAsync().ConfigureAwait(false);
        if (_trainer is { } trainer && !trainer.Exited.IsCompleted)
        {
            try
            {
                await trainer.WriteAsync(new CommandFrame(TrainerCommand.Exit)).ConfigureAwait(false);
                await trainer.Exited.WaitAsync(ExitWait, clock).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or TimeoutException)
            {
                // It is gone, or will be now.
            }
        }

        await DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>SIGKILL, from any thread.</summary>
    public void Kill() => _trainer?.Kill();

    /// <summary>Resident bytes of the trainer now; 0 when there is none.</summary>
    public long ResidentBytes() => _trainer?.ResidentBytes() ?? 0;

    private async Task<ITrainer> StartAsync(CancellationToken cancellation)
    {
        if (await files.WaitFreeAsync(slot, options.SlotWait, clock, cancellation).ConfigureAwait(false) is { } held)
        {
            throw new TrainerStartException($"slot {slot} is not free: {held}");
        }

        var trainer = await launcher.StartAsync(slot, cancellation).ConfigureAwait(false);
        state.Machine = trainer.Hello.Machine;
        return trainer;
    }

    private async Task<ITrainer?> PreparedAsync()
    {
        if (_prepared is not { } prepared)
        {
            return null;
        }

        _prepared = null;
        try
        {
            return await prepared.ConfigureAwait(false);
        }
        catch (Exception e) when (e is TrainerStartException or OperationCanceledException)
        {
            // It was a head start only.
            return null;
        }
    }

    private bool HasGrown(ITrainer trainer)
    {
        // Weighed once a second at most: short assignments must not pay for it.
        if (clock.GetElapsedTime(_weighedAt) < TimeSpan.FromSeconds(1))
        {
            return false;
        }

        _weighedAt = clock.GetTimestamp();
        var bytes = trainer.ResidentBytes() ?? 0;
        _firstBytes ??= bytes;
        return bytes > Math.Max(2 * _firstBytes.Value, _firstBytes.Value + GrowthAllowed);
    }

    private async Task DisposeAsync()
    {
        if (_trainer is { } trainer)
        {
            _trainer = null;
            await trainer.DisposeAsync().ConfigureAwait(false);
        }

        _baseKey = null;
        _assignments = 0;
        _firstBytes = null;
    }
}
