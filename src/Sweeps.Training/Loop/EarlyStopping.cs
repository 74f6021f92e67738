using Sweeps.Core.Spec;

namespace Sweeps.Training.Loop;

/// <summary>
/// Ends a run that no longer gets better. Source: EarlyStoppingCallback of transformers' trainer_callback.py: an evaluation
/// gains when it beats the best before it by more than <paramref name="MinDelta"/>; equal is not better.
/// </summary>
/// <param name="Patience">So many evaluations in a row without a gain end the run; 0: never.</param>
/// <param name="MinDelta">How much better counts as a gain, at least 0.</param>
internal readonly record struct EarlyStopping(int Patience, double MinDelta)
{
    /// <summary>Evaluations in a row without a gain, after this one.</summary>
    /// <param name="before">Those before it.</param>
    /// <param name="value">Its value.</param>
    /// <param name="best">The best value before it; null: it is the first.</param>
    /// <param name="objective">What is better.</param>
    public int Count(int before, double value, double? best, Objective objective) =>
        best is not { } former || (objective.IsBetter(value, former) && Math.Abs(value - former) > MinDelta) ? 0 : before + 1;

    /// <summary>Whether the run ends.</summary>
    public bool Ends(int withoutGain) => Patience > 0 && withoutGain >= Patience;
}
