namespace Sweeps.Data.Caching;

/// <summary>Tokenised rows of a split.</summary>
/// <param name="Rows">Token ids of each row, without padding.</param>
/// <param name="Labels">Label indexes of each row, ascending: one, or any number.</param>
/// <param name="TruncatedRows">Rows whose fields were cut to keep the length.</param>
public sealed record TokenizedRows(int[][] Rows, int[][] Labels, int TruncatedRows);
