using Sweeps.Models.Heads;

namespace Sweeps.Training.Tasks;

/// <summary>A text whose tokens are partly graded, as instruction tuning has it.</summary>
/// <param name="Ids">Token ids of prompt and answer.</param>
/// <param name="Labels">
/// For each token itself where it is graded, else <see cref="CausalLanguageLoss.Ignored"/>. The first token is never graded:
/// nothing stands before it.
/// </param>
/// <param name="Class">Index of its class, for class weights.</param>
internal sealed record GradedRow(int[] Ids, long[] Labels, int Class = 0)
{
    /// <summary>Tokens that count in the loss.</summary>
    public int Graded => Labels.Length - 1 - Labels.AsSpan(1).Count(CausalLanguageLoss.Ignored);

    /// <summary>A prompt and its answer; the answer is graded.</summary>
    public static GradedRow Of(int[] prompt, IReadOnlyList<long> answer, int label) => new(
        [.. prompt, .. answer.Select(token => (int)token)],
        [.. Enumerable.Repeat(CausalLanguageLoss.Ignored, prompt.Length), .. answer],
        label);
}
