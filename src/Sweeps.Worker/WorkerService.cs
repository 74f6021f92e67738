using System.Security.Cryptography;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Objects;
using Sweeps.Worker.Beats;
using Sweeps.Worker.Calls;
using Sweeps.Worker.Machine;
using Sweeps.Worker.Slots;
using Sweeps.Worker.Trainers;

namespace Sweeps.Worker;

/// <summary>
/// The worker of this machine. In this order: end the trainers of its former life, see that their slots are free, raise
/// the incarnation, ask for work. On stop it drains.
/// </summary>
public sealed partial class WorkerService : BackgroundService
{
    private readonly WorkerOptions _options;
    private readonly IWorkerCalls _calls;
    private readonly TimeProvider _clock;
    private readonly ILogger<WorkerService> _log;
    private readonly SlotFiles _files;
    private readonly WorkerState _state = new();
    private readonly LeaseGate _gate = new();
    private readonly CancellationTokenSource _stopLeasing = new();
    private readonly CancellationTokenSource _stopCalls = new();
    private readonly CancellationTokenSource _stopTicks = new();
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IReadOnlyList<SlotLoop> _slots;
    private readonly Heartbeats _heartbeats;
    private readonly Ticker _ticker;
    private int _registering;

    /// <summary>Made by the container, see <see cref="WorkerSetup"/>.</summary>
    internal WorkerService(
        IOptions<WorkerOptions> options,
        IWorkerCalls calls,
        ITrainerLauncher launcher,
        IObjectStore objects,
        IMachine machine,
        TimeProvider clock,
        ILogger<WorkerService> log)
    {
        _options = options.Value;
        _options.Check();
        _calls = calls;
        _clock = clock;
        _log = log;
        _files = new SlotFiles(_options.Home);
        _gate.Set(CloseReasons.Registration, closed: true);
        var count = _options.Slots > 0
            ? _options.Slots
            : LinuxMachine.AutoSlots(Environment.ProcessorCount, machine.AvailableMemory());
        _slots =
        [
            .. Enumerable.Range(0, count).Select(slot => new SlotLoop(
                slot,
                _options,
                _state,
                _gate,
                calls,
                objects,
                new SlotTrainer(slot, _options, _state, launcher, _files, clock),
                _files,
                clock,
                log,
                _stopCalls.Token)),
        ];
        _heartbeats = new Heartbeats(_options, _state, calls, OnStale, log);
        _state.AskAbout = _heartbeats.Ask;
        _ticker = new Ticker(
            _options,
            _heartbeats,
            new Resources(_options, _state, _gate, machine, log),
            _slots,
            clock,
            log);
    }

    /// <summary>Slots of this worker.</summary>
    public int Slots => _slots.Count;

    /// <summary>Its incarnation; 0 before it is registered.</summary>
    public long Incarnation => _state.Life.Incarnation;

    /// <summary>Whether any heartbeat is on its way, for tests.</summary>
    internal bool IsAsking => _heartbeats.IsBeating || _state.Held.Any(lease => lease.Asking);

    /// <summary>One tick, for tests.</summary>
    internal void Tick() => _ticker.Tick();

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await DrainAsync(_options.DrainGrace).ConfigureAwait(false);
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        KillTrainers();
        _stopLeasing.Dispose();
        _stopCalls.Dispose();
        _stopTicks.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RunAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopLeasing.IsCancellationRequested)
        {
            // Stopped before there was anything to drain.
        }
        finally
        {
            _finished.TrySetResult();
        }
    }

    private async Task RunAsync()
    {
        var stop = _stopLeasing.Token;
        if (_files.EndFormerTrainers() is > 0 and var ended)
        {
            LogFormerEnded(ended);
        }

        await Task.WhenAll(Enumerable.Range(0, _slots.Count).Select(QuarantineIfHeldAsync)).ConfigureAwait(false);
        await LearnMachineAsync(stop).ConfigureAwait(false);
        await RegisterAsync(stop).ConfigureAwait(false);
        var ticking = _options.TicksByHand ? Task.CompletedTask : _ticker.RunAsync(_stopTicks.Token);
        var listening = _heartbeats.ListenAsync(_clock, stop);
        await Task.WhenAll(_slots.Select(slot => slot.RunAsync(stop))).ConfigureAwait(false);
        await _stopTicks.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(ticking, listening).ConfigureAwait(false);
    }

    private async Task QuarantineIfHeldAsync(int slot)
    {
        var held = await _files.WaitFreeAsync(slot, _options.SlotWait, _clock, _stopLeasing.Token).ConfigureAwait(false);
        if (held is not null)
        {
            LogQuarantined(slot, held);
        }

        _state.Quarantine(slot, held);
    }

    /// <summary>The first trainer says what the machine is, unless a former life of this boot wrote it down.</summary>
    private async Task LearnMachineAsync(CancellationToken stop)
    {
        var known = new KnownMachine(_options);
        if (known.Read() is { } machine)
        {
            _state.Machine = machine;
            return;
        }

        var first = Enumerable.Range(0, _slots.Count).Where(slot => !_state.Quarantined.ContainsKey(slot)).Take(1).ToList();
        if (first.Count == 0)
        {
            return;
        }

        try
        {
            await _slots[first[0]].Trainer.WarmUpAsync(stop).ConfigureAwait(false);
            known.Write(_state.Machine);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The first job reports the same with its own words.
            LogNoTrainer(e.Message);
        }
    }

    private async Task RegisterAsync(CancellationToken stop)
    {
        var registration = new WorkerRegistration(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Environment.MachineName,
            Environment.ProcessId,
            _slots.Count,
            _state.Machine,
            LinuxMachine.Describe());
        var incarnation = await Repeat
            .UntilAnsweredAsync(() => _calls.RegisterAsync(registration), _clock, e => LogNotRegistered(e.Message), stop)
            .ConfigureAwait(false);
        _state.Life = new WorkerLife(_options.Name, incarnation);
        _gate.Set(CloseReasons.Registration, closed: false);
        LogRegistered(_options.Name, incarnation, _slots.Count, _state.Machine);
    }

    /// <summary>Another life of this worker's name is current: everything held is no longer ours.</summary>
    private void OnStale(WorkerLife life)
    {
        if (life != _state.Life || Interlocked.Exchange(ref _registering, 1) != 0)
        {
            return;
        }

        LogStale(life.Incarnation);
        _gate.Set(CloseReasons.Registration, closed: true);
        GiveUpAll("this incarnation of the worker is not the current one");
        _ = RegisterAgainAsync();
    }

    private async Task RegisterAgainAsync()
    {
        try
        {
            await RegisterAsync(_stopLeasing.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Drained.
        }
        finally
        {
            _registering = 0;
        }
    }

    private void GiveUpAll(string reason)
    {
        foreach (var lease in _state.Held)
        {
            lease.GiveUp(reason);
        }
    }

    private void KillTrainers()
    {
        foreach (var slot in _slots)
        {
            slot.Trainer.Kill();
        }
    }
}
