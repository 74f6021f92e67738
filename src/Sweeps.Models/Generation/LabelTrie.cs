namespace Sweeps.Models.Generation;

/// <summary>
/// The token sequences of a set of labels, shared where they begin alike. Every sequence ends with the end token, so one
/// label may begin another. Nodes are numbered from 1, parents before children; 0 is the root, which has no token.
/// </summary>
public sealed class LabelTrie
{
    private readonly List<Node> nodes = [new Node(0, -1, 0)];
    private readonly int[] ends;

    /// <summary>Builds the trie.</summary>
    /// <param name="labels">Tokens of each label, with or without <paramref name="endToken"/> at the end; it is added.</param>
    /// <param name="endToken">Ends every label, for example eos.</param>
    /// <param name="names">What labels are called in messages; null is their numbers.</param>
    /// <exception cref="ArgumentException">
    /// No labels, a label without tokens, one with the end token inside, or two labels of equal tokens.
    /// </exception>
    public LabelTrie(IReadOnlyList<IReadOnlyList<long>> labels, long endToken, IReadOnlyList<string>? names = null)
    {
        if (labels.Count == 0)
        {
            throw new ArgumentException("there must be at least one label", nameof(labels));
        }

        EndToken = endToken;
        string Name(int label) => names is null ? $"number {label}" : $"'{names[label]}'";
        ends = new int[labels.Count];
        for (var label = 0; label < labels.Count; label++)
        {
            var tokens = WithoutEnd(labels[label]);
            if (tokens.Count == 0 || tokens.Contains(endToken))
            {
                throw new ArgumentException(
                    $"label {Name(label)} gives {(tokens.Count == 0 ? "no tokens" : $"the end token {endToken} inside")}: "
                    + "it cannot be generated; use another text for it");
            }

            var at = Add(Add(0, tokens), [endToken]);
            if (nodes[at].Label >= 0)
            {
                throw new ArgumentException(
                    $"labels {Name(nodes[at].Label)} and {Name(label)} give the same tokens ({string.Join(", ", tokens)}): "
                    + "no model can tell them apart; use another text for one of them");
            }

            nodes[at].Label = label;
            ends[label] = at;
        }
    }

    /// <summary>Ends every label.</summary>
    public long EndToken { get; }

    /// <summary>Number of labels.</summary>
    public int LabelCount => ends.Length;

    /// <summary>Nodes, the root included.</summary>
    public int NodeCount => nodes.Count;

    /// <summary>Tokens of a label, the end token included.</summary>
    public IReadOnlyList<long> Tokens(int label)
    {
        var tokens = new long[nodes[ends[label]].Depth];
        for (var at = ends[label]; at > 0; at = nodes[at].Parent)
        {
            tokens[nodes[at].Depth - 1] = nodes[at].Token;
        }

        return tokens;
    }

    /// <summary>
    /// The tokens that may follow. After a whole label, the end token again and again (for batches in which other texts
    /// go on).
    /// </summary>
    /// <param name="tokens">Tokens so far.</param>
    /// <exception cref="ArgumentException">They begin no label.</exception>
    public IReadOnlyList<long> Next(IReadOnlyList<long> tokens)
    {
        var end = Find(tokens);
        return nodes[end].Label >= 0 ? [EndToken] : [.. nodes[end].Children.Select(child => nodes[child].Token)];
    }

    /// <summary>The label of these tokens (with the end token, perhaps repeated), or null when they are none.</summary>
    public int? LabelOf(IReadOnlyList<long> tokens)
    {
        var at = 0;
        foreach (var token in tokens)
        {
            if (nodes[at].Label >= 0)
            {
                break;
            }

            if (Child(at, token) is not { } next)
            {
                return null;
            }

            at = next;
        }

        return nodes[at].Label >= 0 ? nodes[at].Label : null;
    }

    /// <summary>The only label that goes on from a node, or null when several do.</summary>
    internal int? OnlyLabel(int node)
    {
        while (nodes[node].Children.Count == 1)
        {
            node = nodes[node].Children[0];
        }

        return nodes[node].Children.Count == 0 ? nodes[node].Label : null;
    }

    internal Node At(int node) => nodes[node];

    internal int End(int label) => ends[label];

    private int Find(IReadOnlyList<long> tokens)
    {
        var at = 0;
        for (var i = 0; i < tokens.Count && nodes[at].Label < 0; i++)
        {
            at = Child(at, tokens[i])
                ?? throw new ArgumentException($"tokens {string.Join(", ", tokens)} begin no label");
        }

        return at;
    }

    private int? Child(int node, long token)
    {
        foreach (var child in nodes[node].Children)
        {
            if (nodes[child].Token == token)
            {
                return child;
            }
        }

        return null;
    }

    private IReadOnlyList<long> WithoutEnd(IReadOnlyList<long> tokens) =>
        tokens.Count > 0 && tokens[^1] == EndToken ? [.. tokens.SkipLast(1)] : tokens;

    private int Add(int node, IReadOnlyList<long> tokens)
    {
        foreach (var token in tokens)
        {
            if (Child(node, token) is { } known)
            {
                node = known;
            }
            else
            {
                nodes[node].Children.Add(nodes.Count);
                nodes.Add(new Node(token, node, nodes[node].Depth + 1));
                node = nodes.Count - 1;
            }
        }

        return node;
    }

    /// <summary>One token of one or more labels.</summary>
    internal sealed class Node(long token, int parent, int depth)
    {
        public long Token { get; } = token;

        /// <summary>Its number, -1 for the root.</summary>
        public int Parent { get; } = parent;

        /// <summary>Tokens from the root.</summary>
        public int Depth { get; } = depth;

        public List<int> Children { get; } = [];

        /// <summary>The label that ends here, or -1.</summary>
        public int Label { get; set; } = -1;
    }
}
