namespace Sweeps.Models.Decoders;

/// <summary>Function on the gate of a feed-forward layer.</summary>
internal enum GateActivation
{
    /// <summary>gelu by its tanh approximation: gelu_pytorch_tanh.</summary>
    GeluTanh,

    /// <summary>x * sigmoid(x).</summary>
    Silu,
}

/// <summary>
/// All in which the decoder families differ. A family reads one from its config.json; <see cref="DecoderModel"/> runs it.
/// </summary>
internal sealed record DecoderConfig
{
    /// <summary>As in config.json.</summary>
    public required string ModelType { get; init; }

    public required int Vocabulary { get; init; }

    public required int Hidden { get; init; }

    public required int Intermediate { get; init; }

    public required int Heads { get; init; }

    /// <summary>Heads of keys and values: a divisor of <see cref="Heads"/>.</summary>
    public required int KeyHeads { get; init; }

    /// <summary>Width of a head, even.</summary>
    public required int HeadWidth { get; init; }

    public required int MaxPositions { get; init; }

    /// <summary>Added to the mean of squares in every norm.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Factor on attention scores; the usual one is HeadWidth^-0.5.</summary>
    public required double Scale { get; init; }

    public required GateActivation Gate { get; init; }

    /// <summary>One for each block.</summary>
    public required IReadOnlyList<DecoderLayer> Layers { get; init; }

    /// <summary>Whether the output matrix is that of the embeddings.</summary>
    public required bool Tied { get; init; }

    public required long? PadTokenId { get; init; }

    public required double InitializerRange { get; init; }

    /// <summary>1 where norm weights are stored minus one, else 0.</summary>
    public double NormOffset { get; init; }

    /// <summary>Embeddings are multiplied by sqrt(Hidden).</summary>
    public bool ScalesEmbeddings { get; init; }

    /// <summary>Every head of queries and keys is normed before its rotation.</summary>
    public bool NormsHeads { get; init; }

    /// <summary>Norms also after attention and after the feed-forward layer, before the residual is added.</summary>
    public bool NormsOutputs { get; init; }

    /// <summary>The four projections of attention have biases.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>The three projections of the feed-forward layer have biases.</summary>
    public bool FeedForwardBias { get; init; }
}

/// <summary>In what the blocks of one model differ.</summary>
/// <param name="Window">Positions that a query sees, itself included; 0 is all.</param>
/// <param name="Rope">Its rotary frequencies.</param>
internal sealed record DecoderLayer(int Window, RopeSettings Rope);
