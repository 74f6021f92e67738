namespace Sweeps.Models.Decoders;

/// <summary>
/// Chosen tokens of a batch, some or none in each text, filled up to the same number in each so that attention can take
/// them as queries.
/// </summary>
/// <param name="Tokens">Rows * Width indices into the flattened batch, text by text.</param>
/// <param name="Width">Tokens of each text.</param>
/// <param name="Chosen">Where the tokens asked for lie in <paramref name="Tokens"/>; null: they are all of them, in order.</param>
internal sealed record PositionGrid(long[] Tokens, int Width, long[]? Chosen)
{
    /// <summary>The grid of <paramref name="tokens"/>, in any order.</summary>
    public static PositionGrid Of(long[] tokens, int rows, int length)
    {
        var perRow = new List<int>[rows];
        for (var row = 0; row < rows; row++)
        {
            perRow[row] = [];
        }

        for (var index = 0; index < tokens.Length; index++)
        {
            perRow[tokens[index] / length].Add(index);
        }

        var width = perRow.Max(own => own.Count);
        var grid = new long[rows * width];
        var chosen = new long[tokens.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var at = 0; at < width; at++)
            {
                // What fills up is computed and dropped: the first token of the text will do.
                var place = (row * width) + at;
                grid[place] = at < perRow[row].Count ? tokens[perRow[row][at]] : (long)row * length;
                if (at < perRow[row].Count)
                {
                    chosen[perRow[row][at]] = place;
                }
            }
        }

        var isWhole = grid.Length == tokens.Length && chosen.Select((place, index) => place == index).All(same => same);
        return new PositionGrid(grid, width, isWhole ? null : chosen);
    }
}
