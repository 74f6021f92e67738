using Sweeps.Core.Ids;
using Sweeps.Core.Trainer;
using Sweeps.Training;

namespace Sweeps.Trainer.Serving;

/// <summary>One attempt's talk with the worker: every frame that goes out names it, and only frames that name it come in.</summary>
internal sealed class AttemptLink(JobId job, int attempt, FrameSender sender, PulseWatch pulses) : IAttemptLink
{
    private readonly object _gate = new();
    private readonly Dictionary<string, long> _beats = new(StringComparer.Ordinal);
    private readonly Dictionary<long, bool> _answers = [];
    private TrainerCommand _command = TrainerCommand.Continue;

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public bool IsUnheard => pulses.IsUnheard;

    /// <summary>Takes in what the worker says of this attempt; frames about another one are left alone.</summary>
    public void Receive(Frame frame)
    {
        if (frame.Job != job || frame.Attempt != attempt)
        {
            return;
        }

        lock (_gate)
        {
            switch (frame)
            {
                case OfferAnswer answer:
                    _answers[answer.Offer] = answer.Committed;
                    break;

                // Exit is the server's matter, and an abandoned attempt stays so.
                case CommandFrame { Command: not TrainerCommand.Exit } command when _command != TrainerCommand.Abandon:
                    _command = command.Command;
                    break;
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <inheritdoc/>
    public void Beat(string phase)
    {
        long count;
        lock (_gate)
        {
            count = _beats.GetValueOrDefault(phase) + 1;
            _beats[phase] = count;
        }

        sender.Beat(new BeatFrame(phase, count) { Job = job, Attempt = attempt });
    }

    /// <inheritdoc/>
    public void Progress(ProgressFrame progress) => sender.Progress(progress with { Job = job, Attempt = attempt });

    /// <inheritdoc/>
    public void Send(Frame frame) => sender.Send(Addressed(frame));

    /// <summary>Sends the frame that ends the attempt, and waits until it is written.</summary>
    public void End(Frame frame) => sender.End(Addressed(frame));

    /// <inheritdoc/>
    public bool? WaitAnswer(long offer, bool beat)
    {
        lock (_gate)
        {
            bool committed;
            while (!_answers.Remove(offer, out committed))
            {
                if (_command == TrainerCommand.Abandon)
                {
                    return null;
                }

                if (beat)
                {
                    Beat("wait");
                }

                Monitor.Wait(_gate, TimeSpan.FromSeconds(1));
            }

            return committed;
        }
    }

    /// <inheritdoc/>
    public void WaitChange(TimeSpan atMost)
    {
        lock (_gate)
        {
            Monitor.Wait(_gate, atMost);
        }
    }

    /// <inheritdoc/>
    public void Wake()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }

    private Frame Addressed(Frame frame) => frame with { Job = job, Attempt = attempt };
}
