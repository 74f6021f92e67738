using Sweeps.Models.Ops;

namespace Sweeps.Training.Tasks;

/// <summary>Rows under a trial's head: what a micro-batch of them costs.</summary>
internal interface ITrainingTask : IDisposable
{
    /// <summary>Tokens of each row.</summary>
    IReadOnlyList<int> Lengths { get; }

    /// <summary>What a row counts in the mean: 1, the weight of its class, or its graded tokens.</summary>
    double Weight(int row);

    /// <summary>Adds the gradients of some rows to those of the trained weights.</summary>
    /// <param name="rows">Row indexes: a micro-batch.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    /// <param name="divisor">Weight of all rows that the mean is taken over.</param>
    /// <returns>The weighted sum of the rows' losses divided by <paramref name="divisor"/>.</returns>
    double Backward(int[] rows, DropoutContext dropout, double divisor);

    /// <summary>The mean loss of some rows as one batch, without dropout and gradients.</summary>
    /// <param name="rows">Row indexes.</param>
    double MeanLoss(int[] rows);
}
