namespace Sweeps.Data.Tokenizers;

/// <summary>Two texts as one input.</summary>
/// <param name="Ids">Token ids, special ones included.</param>
/// <param name="TypeIds">For each id the segment it belongs to (<c>token_type_ids</c>): 0 or 1.</param>
public sealed record PairEncoding(int[] Ids, int[] TypeIds);
