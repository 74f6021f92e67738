using Sweeps.Models.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Loading;

/// <summary>How a model is brought into memory.</summary>
public sealed record LoadOptions
{
    /// <summary>Element type of the weights; default Float32, whatever the file holds.</summary>
    public ScalarType Type { get; init; } = ScalarType.Float32;

    /// <summary>Where the weights live; default the CPU. A new model on META has names and shapes but no memory.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>Weights that the folder lacks (a new pooler, say) are drawn from this seed and their names.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Whether the vocabulary projection is loaded, default true. Heads that do not use it (linear) save the memory of an
    /// untied one. A tied one is the embeddings and always there.
    /// </summary>
    public bool WithOutput { get; init; } = true;

    /// <summary>
    /// Packs the matrix of every linear layer but the output head in 4 bits as it is read; null (default) leaves them. A
    /// folder that holds packed matrices gives packed ones in any case.
    /// </summary>
    public Nf4Options? Quantization { get; init; }

    /// <summary>Compute type of matrices that a folder holds packed, from its config.json.</summary>
    internal ScalarType? StoredComputeType { get; init; }

    /// <summary>Receives a sentence about anything unusual, such as newly initialised weights; default drops it.</summary>
    public Action<string> Log { get; init; } = _ => { };
}
