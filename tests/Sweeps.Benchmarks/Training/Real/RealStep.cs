using System.Diagnostics;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using static TorchSharp.torch;

namespace Sweeps.Benchmarks.Training.Real;

/// <summary>
/// Instruction tuning of a real model, a step at a time: texts of random tokens that begin alike, loss on the last few.
/// </summary>
internal sealed class RealStep : IDisposable
{
    /// <summary>Graded tokens at the end of a text: a label of a word or two and the end token.</summary>
    private const int Graded = 3;

    /// <summary>Bottom blocks that <see cref="RealMethod.Frozen"/> does not train.</summary>
    private const int FrozenLayers = 14;

    private const int Rank = 8;

    private readonly RealStepOptions _options;
    private readonly RealMethod _kind;
    private readonly Transformer _model;
    private readonly TrainingMethod _method;
    private readonly AdamW _optimizer;
    private readonly Random _random = new(1);
    private long _step;

    public RealStep(RealStepOptions options, RealMethod kind)
    {
        (_options, _kind) = (options, kind);
        _model = ModelFamilies.Load(options.Folder);
        _method = kind switch
        {
            RealMethod.Full => new FullFineTuning(_model, []),
            RealMethod.Frozen => new FullFineTuning(_model, [], FrozenLayers),
            _ => new LoraFineTuning(_model, [], new LoraOptions { Rank = Rank, Alpha = 2 * Rank }),
        };
        _optimizer = new AdamW(_method.Trainable);
    }

    /// <summary>Trained elements.</summary>
    public long Trainable => _method.TrainableCount;

    /// <summary>
    /// Products of the linear layers as a plain library computes them: everywhere, the vocabulary projection too. With
    /// attention scores left out.
    /// </summary>
    public IEnumerable<LinearProduct> PlainProducts() => Products(All, _ => All);

    /// <summary>The products that are computed here: what lies above the last keys and values only at graded tokens.</summary>
    public IEnumerable<LinearProduct> OwnProducts() => Products(
        _options.Rows * Graded,
        linear => linear.Layer < _model.LayerCount - 1
            || linear.Name.EndsWith(".k_proj", StringComparison.Ordinal)
            || linear.Name.EndsWith(".v_proj", StringComparison.Ordinal)
                ? All
                : _options.Rows * Graded);

    /// <summary>Makes a step: forward, backward, clipping, AdamW.</summary>
    /// <returns>Seconds on the wall, and of the thread's processor time.</returns>
    public (double Total, double Processor) Run()
    {
        var (ids, labels) = Texts();
        var processor = TrainerProcess.ThreadSeconds();
        var start = Stopwatch.GetTimestamp();
        using var scope = NewDisposeScope();
        using var batch = new TokenBatch(ids, _options.Rows, _options.Length);
        using var dropout = new DropoutContext(1, _step++, 0);
        var (positions, targets) = CausalLanguageLoss.Supervised(labels, _options.Rows, _options.Length);
        var loss = CausalLanguageLoss.Loss(_model, batch, positions, targets, dropout);
        loss.backward();
        GradientClipping.Clip(_method.Trainable, 1.0);
        _optimizer.Step(1e-5);
        _optimizer.ZeroGradients();
        return float.IsFinite(loss.item<float>())
            ? (Stopwatch.GetElapsedTime(start).TotalSeconds, TrainerProcess.ThreadSeconds() - processor)
            : throw new InvalidOperationException("the loss is not finite");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _method.Dispose();
        _model.Dispose();
    }

    private long All => (long)_options.Rows * _options.Length;

    private IEnumerable<LinearProduct> Products(long projected, Func<Linear, long> rowsOf)
    {
        foreach (var linear in _model.Linears)
        {
            // Below the lowest trained weight no gradient goes; its own inputs need none either.
            var lowest = _kind == RealMethod.Frozen ? FrozenLayers : 0;
            var isFirst = linear.Layer == lowest && linear.Name.EndsWith("_proj", StringComparison.Ordinal)
                && (linear.Name.Contains(".q_", StringComparison.Ordinal) || linear.Name.Contains(".k_", StringComparison.Ordinal)
                    || linear.Name.Contains(".v_", StringComparison.Ordinal));
            var reaches = linear.Layer >= lowest && !(isFirst && _kind != RealMethod.Full);
            var trains = linear.Layer >= lowest && _kind != RealMethod.Lora;
            var rows = rowsOf(linear);
            yield return new LinearProduct(rows, linear.Inputs, linear.Outputs, reaches, trains);
            if (_kind == RealMethod.Lora)
            {
                yield return new LinearProduct(rows, linear.Inputs, Rank, !isFirst, true);
                yield return new LinearProduct(rows, Rank, linear.Outputs, true, true);
            }
        }

        yield return new LinearProduct(projected, _model.HiddenSize, _model.VocabularySize, true, _kind == RealMethod.Full);
    }

    private (long[] Ids, long[] Labels) Texts()
    {
        var (rows, length) = (_options.Rows, _options.Length);
        var shared = Enumerable.Range(0, _options.Shared).Select(_ => Token()).ToArray();
        var ids = new long[rows * length];
        var labels = new long[rows * length];
        Array.Fill(labels, CausalLanguageLoss.Ignored);
        for (var at = 0; at < ids.Length; at++)
        {
            ids[at] = at % length < shared.Length ? shared[at % length] : Token();
            labels[at] = at % length >= length - Graded ? ids[at] : CausalLanguageLoss.Ignored;
        }

        return (ids, labels);
    }

    private long Token() => _random.Next(8, _model.VocabularySize);
}
