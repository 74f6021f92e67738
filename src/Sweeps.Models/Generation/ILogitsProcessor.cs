using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>Changes the scores from which the next token is chosen.</summary>
public interface ILogitsProcessor
{
    /// <summary>New scores; minus infinity forbids a token.</summary>
    /// <param name="scores">[B, V] in 32 bits; not to be changed.</param>
    /// <param name="generated">For each text the tokens generated so far.</param>
    Tensor Apply(Tensor scores, IReadOnlyList<IReadOnlyList<long>> generated);
}
