namespace Sweeps.Training.Batches;

/// <summary>Which rows make up each optimiser step.</summary>
internal interface IRowOrder
{
    /// <summary>The micro-batches of a step, each an array of row indexes: a pure function of the step.</summary>
    /// <param name="step">Step, from 0, over all epochs.</param>
    IReadOnlyList<int[]> Group(int step);
}
