using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Sweeps.Models;

/// <summary>One weight of a model, head or adapter, under its exact Hugging Face name.</summary>
public sealed partial class NamedParameter
{
    /// <summary><see cref="Layer"/> of the embeddings: below block 0.</summary>
    public const int EmbeddingLayer = -1;

    /// <summary><see cref="Layer"/> of what lies above the last block: final norm, pooler, heads.</summary>
    public const int TopLayer = int.MaxValue;

    /// <summary>Creates a parameter that owns <paramref name="value"/>.</summary>
    public NamedParameter(string name, int layer, Tensor value)
    {
        Name = name;
        Layer = layer;
        Value = value;
    }

    /// <summary>For example <c>model.layers.0.self_attn.q_proj.weight</c>.</summary>
    public string Name { get; }

    /// <summary>Block index from 0, or <see cref="EmbeddingLayer"/> or <see cref="TopLayer"/>.</summary>
    public int Layer { get; }

    /// <summary>The tensor, in memory that LibTorch allocated. A leaf; it needs gradients when it is trained.</summary>
    public Tensor Value { get; }

    /// <summary>Number of elements.</summary>
    public long Count => Value.NumberOfElements;

    /// <summary>
    /// Whether weight decay applies: not to biases and norms, by the rule of transformers' Trainer
    /// (get_decay_parameter_names). Embeddings do decay.
    /// </summary>
    public bool Decays => !NotDecayed().IsMatch(Name.ToLowerInvariant());

    [GeneratedRegex(@"bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)", RegexOptions.CultureInvariant)]
    private static partial Regex NotDecayed();
}
