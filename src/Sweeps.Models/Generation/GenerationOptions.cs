using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>How texts are continued.</summary>
public sealed record GenerationOptions
{
    /// <summary>Tokens at most, per text; default 20.</summary>
    public int MaxNewTokens { get; init; } = 20;

    /// <summary>A text that gives one of these is finished; default none.</summary>
    public IReadOnlyList<long> EndTokens { get; init; } = [];

    /// <summary>Fed to texts that are finished while others go on; default 0.</summary>
    public long PadToken { get; init; }

    /// <summary>Applied to the logits in this order; default none.</summary>
    public IReadOnlyList<ILogitsProcessor> Processors { get; init; } = [];

    /// <summary>Called after each step; default nothing.</summary>
    public Action<GenerationStep>? Observe { get; init; }
}

/// <summary>One step of all texts.</summary>
/// <param name="Logits">[B, V] as the model gave them; valid during the call only.</param>
/// <param name="Scores">[B, V] after the processors; valid during the call only.</param>
/// <param name="Tokens">The tokens chosen; null for texts that were finished before.</param>
public sealed record GenerationStep(Tensor Logits, Tensor Scores, IReadOnlyList<long?> Tokens);

/// <summary>What became of one text.</summary>
/// <param name="Tokens">New tokens, the end token included.</param>
/// <param name="Finished">Whether it ended with an end token, rather than at the limit.</param>
public sealed record GeneratedText(IReadOnlyList<long> Tokens, bool Finished);
