using Sweeps.Core.Trainer;

namespace Sweeps.Training;

/// <summary>
/// What an attempt says to its worker and hears from it. Nothing here blocks for the pipe: beats and progress are thinned,
/// all else is queued. Safe for the training thread and the checkpoint writer at once.
/// </summary>
public interface IAttemptLink
{
    /// <summary>What the worker wants now.</summary>
    TrainerCommand Command { get; }

    /// <summary>Whether the worker has not been heard for ten ticks: no step may be made until it is again.</summary>
    bool IsUnheard { get; }

    /// <summary>Tells that a phase makes progress (see <see cref="BeatFrame.Phase"/>).</summary>
    void Beat(string phase);

    /// <summary>Tells where the attempt is; the newest replaces one not yet sent.</summary>
    void Progress(ProgressFrame progress);

    /// <summary>Sends an event or an offer; never dropped.</summary>
    void Send(Frame frame);

    /// <summary>Waits for the answer to an offer.</summary>
    /// <param name="offer">Number of the offer.</param>
    /// <param name="beat">Whether to beat meanwhile: the training thread does, a thread beside it must not hide its silence.</param>
    /// <returns>Whether it was committed; null when the attempt is to end without an answer (abandoned).</returns>
    bool? WaitAnswer(long offer, bool beat);

    /// <summary>Waits until something changes here (a command, an answer, the worker heard again), at most so long.</summary>
    void WaitChange(TimeSpan atMost);

    /// <summary>Wakes everyone who waits in <see cref="WaitChange"/>.</summary>
    void Wake();
}
