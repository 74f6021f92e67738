namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>
/// Finds all pieces that a text begins with, over UTF-16 units. The edges lie in one open-addressed table: a step is one
/// look at one place of memory, mostly.
/// </summary>
internal sealed class PieceTrie
{
    /// <summary>The node that every search begins at.</summary>
    public const int Root = 0;

    private readonly ulong[] _keys;
    private readonly int[] _children;
    private readonly int[] _ids;
    private readonly int _shift;

    /// <param name="pieces">Texts, none empty, each once, and their ids.</param>
    public PieceTrie(IReadOnlyCollection<(string Text, int Id)> pieces)
    {
        long edges = pieces.Sum(static piece => (long)piece.Text.Length);
        int bits = Math.Max(4, 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)edges) + 1);
        _shift = 64 - bits;
        _keys = new ulong[1L << bits];
        _children = new int[1L << bits];
        List<int> ids = [-1];
        foreach ((string text, int id) in pieces)
        {
            int node = Root;
            foreach (char c in text)
            {
                int place = Place(node, c);
                if (_keys[place] == 0)
                {
                    _keys[place] = Key(node, c);
                    _children[place] = ids.Count;
                    ids.Add(-1);
                }

                node = _children[place];
            }

            ids[node] = id;
        }

        _ids = [.. ids];
    }

    /// <summary>Goes on by a unit.</summary>
    /// <returns>The next node, or -1 when no piece goes on so.</returns>
    public int Step(int node, char c)
    {
        int place = Place(node, c);
        return _keys[place] == 0 ? -1 : _children[place];
    }

    /// <summary>The id of the piece that ends at a node, or -1.</summary>
    public int IdAt(int node) => _ids[node];

    private int Place(int node, char c)
    {
        ulong key = Key(node, c);
        int place = (int)((key * 0x9E3779B97F4A7C15) >> _shift);
        while (_keys[place] != 0 && _keys[place] != key)
        {
            place = (place + 1) & (_keys.Length - 1);
        }

        return place;
    }

    private static ulong Key(int node, char c) => (((ulong)node << 16) | c) + 1;
}
