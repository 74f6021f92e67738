using Sweeps.Models.Decoders;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models;

/// <summary>
/// Token ids of a few texts, padded to one length, with the masks that models derive from them. Masks are made once and
/// serve every layer. Owns its tensors.
/// </summary>
public sealed class TokenBatch : IDisposable
{
    private readonly long[] ids;
    private readonly bool[] attended;
    private readonly long[]? tokenTypes;
    private readonly long[]? positions;
    private readonly Dictionary<(int Leading, int Prefix), DecoderColumns> columns = [];
    private readonly Dictionary<string, Tensor> derived = [];
    private Tensor? paddingMask;
    private Tensor? tokenTypeTensor;

    /// <summary>Creates a batch of <paramref name="rows"/> x <paramref name="length"/> tokens, row by row.</summary>
    /// <param name="inputIds">rows * length ids.</param>
    /// <param name="rows">Number of texts.</param>
    /// <param name="length">Tokens of each, padding included.</param>
    /// <param name="attentionMask">1 for tokens, 0 for padding; null when nothing is padded.</param>
    /// <param name="tokenTypeIds">Segment of each token, for encoders; null is all 0.</param>
    /// <param name="device">Where the tensors live; null is the CPU.</param>
    /// <exception cref="ArgumentException">An array has another length than rows * length.</exception>
    public TokenBatch(
        long[] inputIds,
        int rows,
        int length,
        long[]? attentionMask = null,
        long[]? tokenTypeIds = null,
        Device? device = null)
    {
        var count = checked(rows * length);
        if (inputIds.Length != count || (attentionMask ?? inputIds).Length != count || (tokenTypeIds ?? inputIds).Length != count)
        {
            throw new ArgumentException($"expected {rows} x {length} = {count} ids, mask and token type values", nameof(inputIds));
        }

        ids = inputIds;
        Rows = rows;
        Length = length;
        Device = device ?? CPU;
        attended = attentionMask is null
            ? Enumerable.Repeat(true, count).ToArray()
            : Array.ConvertAll(attentionMask, value => value != 0);
        HasPadding = Array.IndexOf(attended, false) >= 0;
        tokenTypes = tokenTypeIds;
        InputIds = Detached(() => tensor(ids, [rows, length]).to(Device));
    }

    /// <summary>Number of texts.</summary>
    public int Rows { get; }

    /// <summary>Tokens of each text, padding included.</summary>
    public int Length { get; }

    /// <summary>Where the tensors live.</summary>
    public Device Device { get; }

    /// <summary>int64 [rows, length].</summary>
    public Tensor InputIds { get; }

    /// <summary>Whether the attention mask hides anything.</summary>
    public bool HasPadding { get; }

    /// <summary>
    /// Earlier tokens of the same texts, for decoders: these ones continue them. Null for none. Not owned.
    /// </summary>
    public KeyValueCache? Past { get; init; }

    /// <summary>Whether the keys and values of these tokens are added to <see cref="Past"/>; default true.</summary>
    public bool ExtendsPast { get; init; } = true;

    /// <summary>
    /// rows * length rotary positions, row by row, counted from the first token after what comes before (past, prefix,
    /// prompt); null numbers the columns 0, 1, 2... See <see cref="PositionsFromMask"/>.
    /// </summary>
    /// <exception cref="ArgumentException">Another length than rows * length.</exception>
    public long[]? Positions
    {
        get => positions;
        init => positions = value is null || value.Length == ids.Length
            ? value
            : throw new ArgumentException($"expected {ids.Length} positions, found {value.Length}", nameof(value));
    }

    /// <summary>
    /// For each of the length columns the column that it follows, an earlier one, or -1 for what comes before the batch;
    /// null: each follows the one before it. A token sees only those that it follows, directly or through others, so that
    /// the columns of a row may be a tree. Needs <see cref="Positions"/>; a <see cref="Past"/> must not be extended.
    /// </summary>
    internal int[]? Parents { get; init; }

    /// <summary>The ids, row by row.</summary>
    public ReadOnlySpan<long> Ids => ids;

    /// <summary>Whether each token is attended to, row by row.</summary>
    public ReadOnlySpan<bool> Attended => attended;

    /// <summary>int64 [rows, length].</summary>
    public Tensor TokenTypeIds =>
        tokenTypeTensor ??= Detached(() => tensor(tokenTypes ?? new long[ids.Length], [Rows, Length]).to(Device));

    /// <summary>
    /// For each row the index, in the flattened batch, of its last token that is not <paramref name="padTokenId"/>: what
    /// Hugging Face decoder classifiers pool (they look at ids, not at the mask). A row of pads gives its last position.
    /// </summary>
    /// <exception cref="ArgumentException">No pad id, and more than one row.</exception>
    public long[] LastTokens(long? padTokenId)
    {
        if (padTokenId is null && Rows > 1)
        {
            throw new ArgumentException("the model names no pad_token_id, so that texts cannot be classified in batches");
        }

        var last = new long[Rows];
        for (var row = 0; row < Rows; row++)
        {
            var at = Length - 1;
            while (at > 0 && ids[(row * Length) + at] == padTokenId)
            {
                at--;
            }

            last[row] = (row * Length) + (ids[(row * Length) + at] == padTokenId ? Length - 1 : at);
        }

        return last;
    }

    /// <summary>For each row the index, in the flattened batch, of its last attended token.</summary>
    public long[] LastAttended()
    {
        var last = new long[Rows];
        for (var row = 0; row < Rows; row++)
        {
            var at = Array.LastIndexOf(attended, true, (row * Length) + Length - 1, Length);
            last[row] = at < 0 ? (row * Length) + Length - 1 : at;
        }

        return last;
    }

    /// <summary>
    /// <see cref="Positions"/> that number the attended tokens of each text 0, 1, 2..., and padding 0: with them a left
    /// padded text equals the same text alone, whatever comes before it. Generation uses these.
    /// </summary>
    /// <param name="attentionMask">As for the constructor.</param>
    /// <param name="rows">Number of texts.</param>
    public static long[] PositionsFromMask(long[] attentionMask, int rows)
    {
        var positions = new long[attentionMask.Length];
        var length = attentionMask.Length / rows;
        for (var row = 0; row < rows; row++)
        {
            long next = 0;
            for (var at = row * length; at < (row + 1) * length; at++)
            {
                positions[at] = attentionMask[at] == 0 ? 0 : next++;
            }
        }

        return positions;
    }

    /// <summary>Whether a token of this id is attended to anywhere.</summary>
    public bool Attends(long id)
    {
        for (var at = Array.IndexOf(ids, id); at >= 0; at = Array.IndexOf(ids, id, at + 1))
        {
            if (attended[at])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a text begins with padding, so that what encoders pool is a padding token.</summary>
    public bool StartsWithPadding =>
        HasPadding && Enumerable.Range(0, Rows).Any(row => !attended[row * Length]);

    /// <summary>For each row the index, in the flattened batch, of its first token: what encoders pool.</summary>
    public long[] FirstTokens() => [.. Enumerable.Range(0, Rows).Select(row => (long)row * Length)];

    /// <inheritdoc />
    public void Dispose()
    {
        InputIds.Dispose();
        paddingMask?.Dispose();
        tokenTypeTensor?.Dispose();
        foreach (var found in columns.Values)
        {
            found.Dispose();
        }

        foreach (var tensor in derived.Values)
        {
            tensor.Dispose();
        }
    }

    /// <summary>
    /// Where the tokens stand among all columns that a decoder's attention sees; made once.
    /// </summary>
    /// <param name="leading">Virtual tokens that the model put in front of the text.</param>
    /// <param name="prefix">Columns of a prefix before them.</param>
    internal DecoderColumns Columns(int leading, int prefix)
    {
        if (!columns.TryGetValue((leading, prefix), out var found))
        {
            found = new DecoderColumns(this, leading, prefix);
            columns.Add((leading, prefix), found);
        }

        return found;
    }

    /// <summary>Additive mask [rows, 1, 1, length] that hides padding from every query; null when there is none.</summary>
    internal Tensor? PaddingMask(ScalarType type)
    {
        if (HasPadding && paddingMask is null)
        {
            // The most negative finite value: a row that is all padding then averages instead of giving NaN.
            var values = Array.ConvertAll(attended, seen => seen ? 0f : float.MinValue);
            paddingMask = Detached(() => tensor(values, [Rows, 1, 1, Length]).to(type, Device).maximum(LowestOf(type)));
        }

        return paddingMask;
    }

    /// <summary>
    /// A tensor that a family derives from the batch alone (positions, a mask of its own), made at the first call and
    /// freed with the batch.
    /// </summary>
    /// <param name="name">Tells it from the others.</param>
    /// <param name="make">Makes it, from nothing that may change.</param>
    internal Tensor Derived(string name, Func<Tensor> make)
    {
        if (!derived.TryGetValue(name, out var value))
        {
            value = Detached(() => make().to(Device));
            derived.Add(name, value);
        }

        return value;
    }

    /// <summary>Indices of rows in the flattened batch as a tensor on the batch's device; the caller owns it.</summary>
    internal Tensor Indices(long[] positions) => tensor(positions).to(Device);

    private Tensor LowestOf(ScalarType type) =>
        tensor(type == ScalarType.Float16 ? -65504f : -3.3895e38f).to(type, Device);

    /// <summary>Keeps a tensor alive beyond the scope of the step in which it is first needed.</summary>
    internal static Tensor Detached(Func<Tensor> make)
    {
        using var scope = NewDisposeScope();
        return make().DetachFromDisposeScope();
    }
}
