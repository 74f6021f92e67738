using Sweeps.Core.Trainer;
using Sweeps.Training;

namespace Sweeps.Torch.Tests.Training;

/// <summary>A worker in the same process: records what is said, commits every offer, and may want something at a step.</summary>
internal sealed class RecordingLink : IAttemptLink
{
    private readonly List<Frame> _frames = [];
    private readonly Lock _gate = new();
    private TrainerCommand _command = TrainerCommand.Continue;

    /// <summary>Asks for a checkpoint and release once this step is done; 0: never.</summary>
    public int ReleaseAt { get; init; }

    /// <summary>Gives the attempt up, as if the process were killed, once this step is done; 0: never.</summary>
    public int AbandonAt { get; init; }

    public TrainerCommand Command
    {
        get
        {
            lock (_gate)
            {
                return _command;
            }
        }
    }

    public bool IsUnheard => false;

    public IReadOnlyList<OfferFrame> Offers => Of<OfferFrame>();

    public IReadOnlyList<EventFrame> Events => Of<EventFrame>();

    public Dictionary<string, int> Beats { get; } = [];

    public void Beat(string phase)
    {
        lock (_gate)
        {
            Beats[phase] = Beats.GetValueOrDefault(phase) + 1;
        }
    }

    public void Progress(ProgressFrame progress)
    {
        lock (_gate)
        {
            if (progress.Step == ReleaseAt && ReleaseAt > 0)
            {
                _command = TrainerCommand.Checkpoint;
            }
            else if (progress.Step == AbandonAt && AbandonAt > 0)
            {
                _command = TrainerCommand.Abandon;
            }
        }
    }

    public void Send(Frame frame)
    {
        lock (_gate)
        {
            _frames.Add(frame);
        }
    }

    public bool? WaitAnswer(long offer, bool beat) => true;

    public void WaitChange(TimeSpan atMost)
    {
    }

    public void Wake()
    {
    }

    private List<T> Of<T>()
    {
        lock (_gate)
        {
            return [.. _frames.OfType<T>()];
        }
    }
}
