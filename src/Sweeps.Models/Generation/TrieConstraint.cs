using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>Lets a text become nothing but one of the labels of a trie.</summary>
/// <param name="trie">The labels.</param>
public sealed class TrieConstraint(LabelTrie trie) : ILogitsProcessor
{
    /// <inheritdoc />
    public Tensor Apply(Tensor scores, IReadOnlyList<IReadOnlyList<long>> generated)
    {
        var width = scores.size(1);
        var mask = new float[generated.Count * width];
        Array.Fill(mask, float.NegativeInfinity);
        for (var row = 0; row < generated.Count; row++)
        {
            foreach (var token in trie.Next(generated[row]))
            {
                mask[(row * width) + token] = 0;
            }
        }

        return scores + tensor(mask, [generated.Count, width]).to(scores.device);
    }
}
