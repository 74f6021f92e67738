using Sweeps.Core.Trainer;

namespace Sweeps.Training.Evaluation;

/// <summary>What came of a split.</summary>
/// <param name="Evaluations">The plain decision's metrics first, then those of each variant.</param>
/// <param name="Predicted">The labels of each row by each of them, in the same order; empty: none.</param>
internal sealed record SplitVerdict(IReadOnlyList<OfferedEvaluation> Evaluations, IReadOnlyList<int[][]> Predicted);
