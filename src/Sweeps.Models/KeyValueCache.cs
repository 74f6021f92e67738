using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models;

/// <summary>
/// Keys and values that a decoder computed for the tokens of a few texts so far, so that later tokens of the same texts
/// need only their own. A column is one token of every text, padding included. Made by
/// <see cref="Transformer.NewCache"/>, given to the model as <see cref="TokenBatch.Past"/>. Owns its tensors; holds no
/// gradients.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly List<(long[] Positions, bool[] Attended)> columns = [];
    private readonly Tensor?[] keys;
    private readonly Tensor?[] values;

    internal KeyValueCache(int rows, int layers)
    {
        Rows = rows;
        keys = new Tensor?[layers];
        values = new Tensor?[layers];
    }

    /// <summary>Number of texts.</summary>
    public int Rows { get; }

    /// <summary>Columns held, virtual tokens included.</summary>
    public int Length => columns.Count;

    /// <summary>For each text the position that its next token takes.</summary>
    public long[] NextPositions()
    {
        var next = new long[Rows];
        foreach (var (positions, attended) in columns)
        {
            for (var row = 0; row < Rows; row++)
            {
                next[row] = attended[row] ? Math.Max(next[row], positions[row] + 1) : next[row];
            }
        }

        return next;
    }

    /// <summary>The same columns for chosen texts (a text may be chosen twice), in that order.</summary>
    public KeyValueCache Select(IReadOnlyList<int> rows)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var chosen = new KeyValueCache(rows.Count, keys.Length);
        foreach (var (positions, attended) in columns)
        {
            chosen.columns.Add(([.. rows.Select(row => positions[row])], [.. rows.Select(row => attended[row])]));
        }

        for (var layer = 0; layer < keys.Length && keys[layer] is { } held; layer++)
        {
            var index = tensor(rows.Select(row => (long)row).ToArray()).to(held.device);
            chosen.keys[layer] = held.index_select(0, index).DetachFromDisposeScope();
            chosen.values[layer] = values[layer]!.index_select(0, index).DetachFromDisposeScope();
        }

        return chosen;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var held in keys.Concat(values))
        {
            held?.Dispose();
        }
    }

    internal long Position(int column, int row) => columns[column].Positions[row];

    internal bool IsAttended(int column, int row) => columns[column].Attended[row];

    internal void AddColumn(long[] positions, bool[] attended) => columns.Add((positions, attended));

    /// <summary>What a layer holds: each [rows, columns, key heads, head width], rotated; null before the first token.</summary>
    internal (Tensor Keys, Tensor Values)? At(int layer) =>
        keys[layer] is { } held ? (held, values[layer]!) : null;

    /// <summary>Puts tensors in the place of what a layer held, keeping them beyond the scope of the step.</summary>
    internal void Replace(int layer, Tensor newKeys, Tensor newValues)
    {
        keys[layer]?.Dispose();
        values[layer]?.Dispose();
        keys[layer] = newKeys.detach().DetachFromDisposeScope();
        values[layer] = newValues.detach().DetachFromDisposeScope();
    }
}
