using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Decoders;

/// <summary>
/// Where the tokens of a batch stand among all columns that attention sees: those of the past (a cache or a prefix),
/// virtual tokens in front of the text (a prompt), then the text. Gives masks and rotary tables; masks are made once and
/// serve every layer. Queries are the virtual tokens and the text.
/// </summary>
internal sealed class DecoderColumns : IDisposable
{
    private readonly TokenBatch batch;
    private readonly int leading;
    private readonly int past;
    private readonly bool[] attended;
    private readonly long[] positions;
    private readonly bool rowsDiffer;
    private readonly bool inOrder;
    private readonly Dictionary<(int Window, ScalarType Type), Tensor> masks = [];
    private readonly Dictionary<RotaryTable, RotaryTable.Slice> angles = [];

    /// <param name="batch">The texts.</param>
    /// <param name="leading">Virtual tokens that the model put in front.</param>
    /// <param name="prefix">Columns of a prefix; 0 where the batch continues a cache.</param>
    public DecoderColumns(TokenBatch batch, int leading, int prefix)
    {
        this.batch = batch;
        this.leading = leading;
        past = batch.Past?.Length ?? prefix;
        Count = past + leading + batch.Length;
        attended = new bool[batch.Rows * Count];
        positions = new long[batch.Rows * Count];
        var start = batch.Past?.NextPositions();
        for (var row = 0; row < batch.Rows; row++)
        {
            FillRow(row, start?[row] ?? prefix);
        }

        rowsDiffer = RowsDiffer();
        inOrder = Enumerable.Range(0, batch.Rows * Count).All(index => positions[index] == index % Count);
        if (batch is { Past: { } cache, ExtendsPast: true })
        {
            Extend(cache);
        }
    }

    /// <summary>Columns that a query may see at most.</summary>
    public int Count { get; }

    /// <summary>Virtual tokens and tokens of each text: rows of the hidden states.</summary>
    public int Queries => leading + batch.Length;

    /// <summary>Where a column stands in its text.</summary>
    public long PositionOf(int row, int column) => positions[(row * Count) + column];

    /// <summary>Where a query stands in its text.</summary>
    public long PositionOfQuery(int row, int query) => Position(row, query);

    /// <summary>
    /// Additive mask [rows or 1, 1, queries, columns]: 0 where query q may see column k, minus infinity elsewhere. A
    /// query sees attended columns up to its own whose position is above its own less the window, and always itself,
    /// so that no row of a softmax is empty.
    /// </summary>
    /// <param name="window">Width including the query itself; 0 is unlimited.</param>
    /// <param name="type">Element type of the mask: that of the queries.</param>
    public Tensor Mask(int window, ScalarType type)
    {
        var width = window <= 0 || window >= Count ? 0 : window;
        if (!masks.TryGetValue((width, type), out var mask))
        {
            var rows = rowsDiffer ? batch.Rows : 1;
            var values = new float[rows * Queries * Count];
            for (var line = 0; line < rows * Queries; line++)
            {
                Fill(values.AsSpan(line * Count, Count), line / Queries, line % Queries, width);
            }

            mask = TokenBatch.Detached(() => tensor(values, [rows, 1, Queries, Count]).to(type, batch.Device));
            masks.Add((width, type), mask);
        }

        return mask;
    }

    /// <summary>As <see cref="Mask"/> for the tokens of a grid: [rows, 1, width, columns], owned by the caller.</summary>
    public Tensor MaskAt(int window, ScalarType type, PositionGrid grid)
    {
        var values = new float[grid.Tokens.Length * Count];
        for (var line = 0; line < grid.Tokens.Length; line++)
        {
            Fill(values.AsSpan(line * Count, Count), line / grid.Width, Query(grid.Tokens[line]), window);
        }

        return tensor(values, [batch.Rows, 1, grid.Width, Count]).to(type, batch.Device);
    }

    /// <summary>Indices into the flattened hidden states of tokens given as indices into the flattened batch.</summary>
    public long[] InHidden(long[] tokens) =>
        Array.ConvertAll(tokens, token => (token / batch.Length * Queries) + leading + (token % batch.Length));

    /// <summary>Tables of all queries; where every text has the same positions, of one text.</summary>
    public RotaryTable.Slice Angles(RotaryTable table)
    {
        if (inOrder && past == 0)
        {
            return table.For(Queries);
        }

        if (!angles.TryGetValue(table, out var found))
        {
            var rows = rowsDiffer ? batch.Rows : 1;
            using var scope = NewDisposeScope();
            var chosen = batch.Indices(
                [.. Enumerable.Range(0, rows * Queries).Select(line => Position(line / Queries, line % Queries))]);
            var (cos, sin) = table.At(chosen, Highest());
            found = new RotaryTable.Slice(cos.DetachFromDisposeScope(), sin.DetachFromDisposeScope());
            angles.Add(table, found);
        }

        return found;
    }

    /// <summary>Tables of the tokens of a grid.</summary>
    public RotaryTable.Slice AnglesAt(RotaryTable table, PositionGrid grid) => table.At(
        batch.Indices([.. grid.Tokens.Select((token, line) => Position(line / grid.Width, Query(token)))]), Highest());

    public void Dispose()
    {
        foreach (var slice in angles.Values)
        {
            slice.Cos.Dispose();
            slice.SignedSin.Dispose();
        }

        foreach (var mask in masks.Values)
        {
            mask.Dispose();
        }
    }

    private int Query(long token) => leading + (int)(token % batch.Length);

    private long Highest() => positions.Max() + 1;

    private long Position(int row, int query) => positions[(row * Count) + past + query];

    private void FillRow(int row, long start)
    {
        var first = row * Count;
        for (var column = 0; column < past; column++)
        {
            attended[first + column] = batch.Past?.IsAttended(column, row) ?? true;
            positions[first + column] = batch.Past?.Position(column, row) ?? column;
        }

        for (var at = 0; at < Queries; at++)
        {
            var token = (row * batch.Length) + at - leading;
            var offset = at < leading ? at : leading + (batch.Positions is null ? at - leading : batch.Positions[token]);
            attended[first + past + at] = at < leading || batch.Attended[token];
            positions[first + past + at] = start + offset;
        }
    }

    private bool RowsDiffer()
    {
        for (var index = Count; index < attended.Length; index++)
        {
            if (!attended[index] || !attended[index % Count] || positions[index] != positions[index % Count])
            {
                return true;
            }
        }

        return false;
    }

    private void Extend(KeyValueCache cache)
    {
        for (var column = past; column < Count; column++)
        {
            cache.AddColumn(
                [.. Enumerable.Range(0, batch.Rows).Select(row => positions[(row * Count) + column])],
                [.. Enumerable.Range(0, batch.Rows).Select(row => attended[(row * Count) + column])]);
        }
    }

    private void Fill(Span<float> line, int row, int query, int window)
    {
        line.Fill(float.NegativeInfinity);
        var self = past + query;
        var at = positions.AsSpan(row * Count, Count);
        var seen = attended.AsSpan(row * Count, Count);
        for (var column = self; column >= 0; column = Before(column))
        {
            if (column == self || (seen[column] && (window <= 0 || at[column] > at[self] - window)))
            {
                line[column] = 0f;
            }
        }
    }

    /// <summary>The column that one follows; -1 for none.</summary>
    private int Before(int column) =>
        column <= past || batch.Parents is null ? column - 1 : past + batch.Parents[column - past];
}
