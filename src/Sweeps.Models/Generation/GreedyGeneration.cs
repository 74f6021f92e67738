using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>Continues texts with the likeliest token at each step. Ties go to the lower id.</summary>
public static class GreedyGeneration
{
    /// <summary>Continues the prompts of a decoder; of an encoder-decoder, writes the texts that follow from them.</summary>
    /// <param name="model">A decoder or encoder-decoder.</param>
    /// <param name="prompts">Padded on either side.</param>
    /// <param name="options">Limits, end tokens, processors.</param>
    public static IReadOnlyList<GeneratedText> Run(Transformer model, TokenBatch prompts, GenerationOptions options)
    {
        using var session = model.NewSession(prompts);
        return Run(session, options);
    }

    /// <summary>Continues the texts of a session to the end.</summary>
    public static IReadOnlyList<GeneratedText> Run(GenerationSession session, GenerationOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxNewTokens, 1);
        using var off = no_grad();
        var texts = Enumerable.Range(0, session.Rows).Select(_ => new List<long>()).ToArray();
        var finished = new bool[session.Rows];
        long[]? fed = null;
        for (var step = 0; step < options.MaxNewTokens && !finished.All(done => done); step++)
        {
            using var scope = NewDisposeScope();
            var logits = fed is null ? session.Start() : session.Advance(fed);
            var scores = options.Processors.Aggregate(logits, (changed, processor) => processor.Apply(changed, texts));
            var chosen = scores.argmax(1).cpu().data<long>().ToArray();
            options.Observe?.Invoke(new GenerationStep(
                logits, scores, [.. chosen.Select((token, row) => finished[row] ? (long?)null : token)]));
            fed = new long[chosen.Length];
            for (var row = 0; row < chosen.Length; row++)
            {
                fed[row] = finished[row] ? options.PadToken : chosen[row];
                if (!finished[row])
                {
                    texts[row].Add(chosen[row]);
                    finished[row] = options.EndTokens.Contains(chosen[row]);
                }
            }
        }

        return [.. texts.Select((text, row) => new GeneratedText(text, finished[row]))];
    }
}
