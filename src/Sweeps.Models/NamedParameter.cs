using System.Text.RegularExpressions;
using Sweeps.Models.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models;

/// <summary>
/// One weight of a model, head or adapter, under its exact Hugging Face name: a tensor or, for the frozen matrix of a
/// linear layer, the same packed in 4 bits.
/// </summary>
public sealed partial class NamedParameter
{
    private Tensor? value;

    /// <summary><see cref="Layer"/> of the embeddings: below block 0.</summary>
    public const int EmbeddingLayer = -1;

    /// <summary><see cref="Layer"/> of what lies above the last block: final norm, pooler, heads.</summary>
    public const int TopLayer = int.MaxValue;

    /// <summary>Creates a parameter that owns <paramref name="value"/>.</summary>
    public NamedParameter(string name, int layer, Tensor value)
    {
        Name = name;
        Layer = layer;
        this.value = value;
    }

    internal NamedParameter(string name, int layer, Nf4Matrix packed)
    {
        Name = name;
        Layer = layer;
        Packed = packed;
    }

    /// <summary>For example <c>model.layers.0.self_attn.q_proj.weight</c>.</summary>
    public string Name { get; }

    /// <summary>Block index from 0, or <see cref="EmbeddingLayer"/> or <see cref="TopLayer"/>.</summary>
    public int Layer { get; }

    /// <summary>The tensor, in memory that LibTorch allocated. A leaf; it needs gradients when it is trained.</summary>
    /// <exception cref="InvalidOperationException">It is packed: see <see cref="IsPacked"/>.</exception>
    public Tensor Value => value
        ?? throw new InvalidOperationException($"{Name} is held in 4 bits: it cannot be trained, nor read as numbers");

    /// <summary>Whether it is held in 4 bits a weight, without a <see cref="Value"/>.</summary>
    public bool IsPacked => Packed is not null;

    /// <summary>Sizes of the tensor, packed or not.</summary>
    public IReadOnlyList<long> Shape => Packed?.Shape ?? Value.shape;

    /// <summary>Number of elements.</summary>
    public long Count => Packed?.Count ?? Value.NumberOfElements;

    /// <summary>Bytes of memory held.</summary>
    public long Bytes => Packed?.Bytes ?? (Value.NumberOfElements * Value.element_size());

    /// <summary>Type of its elements; of a packed one, before it was packed.</summary>
    internal ScalarType Type => Packed?.SourceType ?? Value.dtype;

    internal Nf4Matrix? Packed { get; private set; }

    /// <summary>How it is to be packed when it turns out to be a linear layer's matrix; null leaves it as it is.</summary>
    internal Nf4Options? Packing { get; init; }

    /// <summary>
    /// Whether weight decay applies: not to biases and norms, by the rule of transformers' Trainer
    /// (get_decay_parameter_names). Embeddings do decay.
    /// </summary>
    public bool Decays => !NotDecayed().IsMatch(Name.ToLowerInvariant());

    /// <summary>The tensors that a model file holds for it: itself, or the packed matrix with its scales.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Stored() =>
        Packed is null ? [KeyValuePair.Create(Name, Value)] : BitsAndBytesFormat.Write(Name, Packed);

    /// <summary>Packs it as <see cref="Packing"/> asks.</summary>
    internal void PackIfAsked()
    {
        if (Packing is not null && value is not null)
        {
            Packed = Nf4Matrix.Quantise(value, Packing);
            value.Dispose();
            value = null;
        }
    }

    /// <summary>Makes a packed one a tensor again, with the values that the packed one stands for.</summary>
    internal void Unpack()
    {
        if (Packed is not null)
        {
            using var scope = NewDisposeScope();
            value = Packed.Dense(Packed.SourceType).DetachFromDisposeScope();
            Packed.Dispose();
            Packed = null;
        }
    }

    /// <summary>Frees its memory.</summary>
    internal void Free()
    {
        value?.Dispose();
        Packed?.Dispose();
    }

    [GeneratedRegex(@"bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)", RegexOptions.CultureInvariant)]
    private static partial Regex NotDecayed();
}
