namespace Sweeps.Training.Tasks;

/// <summary>A text and what is to be written after it was read.</summary>
/// <param name="Ids">Token ids of the text.</param>
/// <param name="Answer">Tokens of the answer, the end token included.</param>
/// <param name="Class">Index of its class, for class weights.</param>
internal sealed record AnsweredRow(int[] Ids, long[] Answer, int Class = 0);
