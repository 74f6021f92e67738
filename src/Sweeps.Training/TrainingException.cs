using Sweeps.Core.States;

namespace Sweeps.Training;

/// <summary>An attempt cannot go on for a reason that has a class. The message is for people: what, where, the fix.</summary>
public sealed class TrainingException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TrainingException(FailureClass failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    /// <summary>Its class.</summary>
    public FailureClass Failure { get; }
}
