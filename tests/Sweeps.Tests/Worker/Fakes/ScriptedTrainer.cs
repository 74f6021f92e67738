using System.Threading.Channels;
using Sweeps.Core.Trainer;
using Sweeps.Worker.Trainers;

namespace Sweeps.Tests.Worker.Fakes;

/// <summary>A trainer in memory whose words the test says.</summary>
internal sealed class ScriptedTrainer : ITrainer
{
    private readonly Channel<Frame> _said = Channel.CreateUnbounded<Frame>();
    private readonly TaskCompletionSource<TrainerExit> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StartFrame? _start;

    /// <summary>Frames that the worker sent, pulses left out.</summary>
    public Watched<Frame> Heard { get; } = new();

    public Watched<PulseFrame> Pulses { get; } = new();

    public TrainerHello Hello { get; } = new(Frame.Version, "test", 4711, "2.10.0 AVX2 1");

    public Task<TrainerExit> Exited => _exit.Task;

    public bool Killed { get; private set; }

    /// <summary>What /proc would say; null: it is gone.</summary>
    public long? Cpu { get; set; } = 1;

    /// <summary>Thrown by writes, while set: an error that the contract does not name.</summary>
    public Exception? WriteError { get; set; }

    public long Resident { get; set; } = 1;

    public async ValueTask<Frame?> ReadAsync() =>
        await _said.Reader.WaitToReadAsync() && _said.Reader.TryRead(out var frame) ? frame : null;

    public ValueTask WriteAsync(Frame frame)
    {
        if (WriteError is { } error)
        {
            throw error;
        }

        if (_exit.Task.IsCompleted)
        {
            throw new IOException("the pipe is closed");
        }

        if (frame is PulseFrame pulse)
        {
            Pulses.Add(pulse);
        }
        else
        {
            Heard.Add(frame);
        }

        return ValueTask.CompletedTask;
    }

    public void Kill()
    {
        Killed |= !_exit.Task.IsCompleted;
        Die(new TrainerExit(137, false, string.Empty));
    }

    public long? CpuTicks() => Cpu;

    public long? ResidentBytes() => Resident;

    public ValueTask DisposeAsync()
    {
        Kill();
        return ValueTask.CompletedTask;
    }

    /// <summary>Waits for the next assignment.</summary>
    public async Task<JobAssignment> StartedAsync()
    {
        _start = (StartFrame)await Heard.NextAsync(frame => frame is StartFrame);
        return _start.Assignment;
    }

    /// <summary>Waits for a command.</summary>
    public async Task<TrainerCommand> CommandAsync() =>
        ((CommandFrame)await Heard.NextAsync(frame => frame is CommandFrame)).Command;

    /// <summary>Says a frame about the assignment in hand.</summary>
    public void Say(Frame frame) => SayAbout(_start!.Assignment, frame);

    public void SayAbout(JobAssignment assignment, Frame frame) =>
        Assert.True(_said.Writer.TryWrite(frame with { Job = assignment.Job, Attempt = assignment.Attempt }));

    /// <summary>Offers a checkpoint in the attempt's folder.</summary>
    public void OfferCheckpoint(int number, int step, bool final, string? directory = null) => Say(new OfferFrame
    {
        Offer = number,
        Checkpoint = new OfferedCheckpoint(
            step, directory ?? $"{_start!.Assignment.Directory}/step-{step}", "ab", 4096, true, true, final, "cd", 0, 0),
    });

    /// <summary>The process ends.</summary>
    public void Die(TrainerExit exit)
    {
        if (_exit.TrySetResult(exit))
        {
            _said.Writer.TryComplete();
        }
    }
}

/// <summary>Starts scripted trainers, or does not.</summary>
internal sealed class ScriptedLauncher : ITrainerLauncher
{
    /// <summary>Trainers started, by slot.</summary>
    public Watched<(int Slot, ScriptedTrainer Trainer)> Started { get; } = new();

    /// <summary>Thrown instead of starting, while set.</summary>
    public TrainerStartException? Refusal { get; set; }

    public Task<ITrainer> StartAsync(int slot, CancellationToken cancellation)
    {
        if (Refusal is { } refusal)
        {
            throw refusal;
        }

        var trainer = new ScriptedTrainer();
        Started.Add((slot, trainer));
        return Task.FromResult<ITrainer>(trainer);
    }

    public async Task<ScriptedTrainer> NextAsync() => (await Started.NextAsync()).Trainer;
}
