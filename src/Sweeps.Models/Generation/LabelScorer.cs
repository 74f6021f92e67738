using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>
/// How likely a model that writes finds every label of a trie after a prompt, and which label it writes when it may write nothing
/// else. A prompt is read once for all labels, and what labels have in common is computed once: the trie's nodes are one
/// row of tokens in which each sees the prompt and its ancestors only. Runs without gradients.
/// </summary>
public static class LabelScorer
{
    private const int MostLogits = 1 << 24;

    /// <summary>Log-probability of every label, tokens and end token together: [B, labels] in 32 bits.</summary>
    /// <param name="model">A decoder or encoder-decoder.</param>
    /// <param name="prompts">Padded on either side.</param>
    /// <param name="trie">The labels.</param>
    /// <param name="constrained">
    /// True: of each token among those that the trie allows there, so that the labels' probabilities add up to 1. False:
    /// of each token among the whole vocabulary.
    /// </param>
    public static Tensor Score(Transformer model, TokenBatch prompts, LabelTrie trie, bool constrained)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (hidden, rowOf) = InnerHidden(model, prompts, trie, constrained);
        var edges = EdgeLogits(model, hidden, rowOf, trie);
        var normalisers = constrained ? null : Normalisers(model, hidden);
        var inner = (int)hidden.size(1);
        var scores = new float[prompts.Rows * trie.LabelCount];
        var sums = new double[trie.NodeCount];
        for (var row = 0; row < prompts.Rows; row++)
        {
            var logits = edges.AsSpan(row * trie.NodeCount, trie.NodeCount);
            for (var node = 1; node < trie.NodeCount; node++)
            {
                var parent = trie.At(node).Parent;
                sums[node] = sums[parent];
                if (rowOf.TryGetValue(parent, out var at))
                {
                    sums[node] += logits[node] - (normalisers?[(row * inner) + at] ?? LogSumExp(logits, trie.At(parent).Children));
                }
            }

            for (var label = 0; label < trie.LabelCount; label++)
            {
                scores[(row * trie.LabelCount) + label] = (float)sums[trie.End(label)];
            }
        }

        return tensor(scores, [prompts.Rows, trie.LabelCount]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The label that each text becomes when the likeliest token among those that the trie allows is taken at each step:
    /// what constrained greedy generation gives, without the steps in which only one label is left.
    /// </summary>
    /// <param name="model">A decoder or encoder-decoder.</param>
    /// <param name="prompts">Padded on either side.</param>
    /// <param name="trie">The labels.</param>
    /// <param name="processors">Change the logits before the trie does; default none.</param>
    /// <returns>B label numbers.</returns>
    public static int[] Choose(
        Transformer model, TokenBatch prompts, LabelTrie trie, IReadOnlyList<ILogitsProcessor>? processors = null)
    {
        using var off = no_grad();
        using var session = model.NewSession(prompts);
        var constraint = new TrieConstraint(trie);
        var nodes = new int[prompts.Rows];
        var texts = Enumerable.Range(0, prompts.Rows).Select(_ => new List<long>()).ToArray();
        long[]? fed = null;
        while (Array.Exists(nodes, node => trie.OnlyLabel(node) is null))
        {
            using var scope = NewDisposeScope();
            var scores = fed is null ? session.Start() : session.Advance(fed);
            scores = (processors ?? []).Aggregate(scores, (changed, processor) => processor.Apply(changed, texts));
            fed = constraint.Apply(scores, texts).argmax(1).cpu().data<long>().ToArray();
            for (var row = 0; row < fed.Length; row++)
            {
                if (trie.At(nodes[row]).Label < 0)
                {
                    nodes[row] = trie.At(nodes[row]).Children.Single(child => trie.At(child).Token == fed[row]);
                    texts[row].Add(fed[row]);
                }
            }
        }

        return Array.ConvertAll(nodes, node => trie.OnlyLabel(node)!.Value);
    }

    /// <summary>
    /// Hidden states [B, n, H] of the prompts' ends and of the nodes after which a choice is to be scored, and the row of
    /// each node in them. Constrained, what follows is certain once a single label is left.
    /// </summary>
    private static (Tensor Hidden, Dictionary<int, int> RowOf) InnerHidden(
        Transformer model, TokenBatch prompts, LabelTrie trie, bool constrained)
    {
        var inner = Enumerable.Range(1, trie.NodeCount - 1)
            .Where(node => constrained ? trie.OnlyLabel(node) is null : trie.At(node).Children.Count > 0)
            .ToArray();
        var rowOf = inner.Select((node, index) => (node, index)).ToDictionary(pair => pair.node, pair => pair.index + 1);
        rowOf.Add(0, 0);
        using var session = model.NewSession(prompts);
        var hidden = session.ReadTree(
            Array.ConvertAll(inner, node => trie.At(node).Token),
            Array.ConvertAll(inner, node => rowOf[trie.At(node).Parent] - 1),
            Array.ConvertAll(inner, node => trie.At(node).Depth));
        return (hidden, rowOf);
    }

    /// <summary>
    /// For each text the logit of every node's token after its parent: B * nodes values; 0 where the parent has no row.
    /// </summary>
    private static float[] EdgeLogits(Transformer model, Tensor hidden, Dictionary<int, int> rowOf, LabelTrie trie)
    {
        var children = Enumerable.Range(1, trie.NodeCount - 1).Where(node => rowOf.ContainsKey(trie.At(node).Parent)).ToArray();
        var before = tensor(Array.ConvertAll(children, node => (long)rowOf[trie.At(node).Parent])).to(hidden.device);
        var tokens = tensor(Array.ConvertAll(children, node => trie.At(node).Token)).to(hidden.device);
        var output = model.RequireOutput().Value.index_select(0, tokens);
        var logits = (hidden.index_select(1, before) * output).sum(-1).to_type(ScalarType.Float32).cpu().data<float>().ToArray();
        var edges = new float[hidden.size(0) * trie.NodeCount];
        for (var index = 0; index < logits.Length; index++)
        {
            edges[(index / children.Length * trie.NodeCount) + children[index % children.Length]] = logits[index];
        }

        return edges;
    }

    /// <summary>Logarithm of the sum over the vocabulary of exp(logit), for each row of [B, n, H].</summary>
    private static float[] Normalisers(Transformer model, Tensor hidden)
    {
        var flat = hidden.reshape(-1, hidden.size(2));
        var step = Math.Max(1, MostLogits / model.VocabularySize);
        var found = new float[flat.size(0)];
        for (var from = 0; from < found.Length; from += step)
        {
            using var scope = NewDisposeScope();
            var part = flat.narrow(0, from, Math.Min(step, found.Length - from));
            model.Logits(part).to_type(ScalarType.Float32).logsumexp(1).cpu().data<float>().ToArray().CopyTo(found, from);
        }

        return found;
    }

    private static double LogSumExp(ReadOnlySpan<float> logits, List<int> nodes)
    {
        var most = double.NegativeInfinity;
        foreach (var node in nodes)
        {
            most = Math.Max(most, logits[node]);
        }

        var sum = 0.0;
        foreach (var node in nodes)
        {
            sum += Math.Exp(logits[node] - most);
        }

        return most + Math.Log(sum);
    }
}
