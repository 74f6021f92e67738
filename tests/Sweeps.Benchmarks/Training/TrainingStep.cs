using System.Diagnostics;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Benchmarks.Training;

/// <summary>Full fine-tuning of a model with random weights on random tokens, a step at a time.</summary>
internal sealed class TrainingStep : IDisposable
{
    /// <summary>Texts of a step.</summary>
    public const int Rows = 16;

    /// <summary>Tokens of a text; none is padding.</summary>
    public const int Length = 64;

    private static readonly long[] LabelTokens = [5, 6, 7];

    private readonly StepLossKind _loss;
    private readonly LabelTokensHead _head;
    private readonly FullFineTuning _method;
    private readonly AdamW _optimizer;
    private readonly Random _random = new(1);
    private long _step;

    public TrainingStep(Gemma3Shape shape, StepLossKind loss)
    {
        _loss = loss;
        Model = ModelFamilies.Create(ModelConfig.Parse(shape.Name, shape.Config), new LoadOptions { Seed = 1 });
        _head = new LabelTokensHead(Model, LabelTokens);
        _method = new FullFineTuning(Model, []);
        _optimizer = new AdamW(_method.Trainable, new AdamWOptions { WeightDecay = 0.01 });
    }

    /// <summary>The model.</summary>
    public Transformer Model { get; }

    /// <summary>Linear products of a step: rows of the input, and the weight [out, in].</summary>
    public IEnumerable<(int Rows, Tensor Weight)> Products()
    {
        foreach (var linear in Model.Linears)
        {
            // With the label alone, the last block computes keys and values everywhere and all else at one position.
            var isEverywhere = _loss == StepLossKind.Language
                || linear.Layer < Model.LayerCount - 1
                || linear.Name.EndsWith(".k_proj", StringComparison.Ordinal)
                || linear.Name.EndsWith(".v_proj", StringComparison.Ordinal);
            yield return (isEverywhere ? Rows * Length : Rows, linear.Weight.Value);
        }

        if (_loss == StepLossKind.Language)
        {
            yield return (Rows * (Length - 1), Model.OutputEmbedding!.Value);
        }
    }

    /// <summary>Makes a step.</summary>
    public StepTimes Run()
    {
        var ids = new long[Rows * Length];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = _random.Next(8, Model.VocabularySize);
        }

        var labels = new long[Rows];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = _random.Next(LabelTokens.Length);
        }

        var processor = TrainerProcess.ThreadSeconds();
        var start = Stopwatch.GetTimestamp();
        using var scope = NewDisposeScope();
        using var batch = new TokenBatch(ids, Rows, Length);
        using var dropout = new DropoutContext(1, _step++, 0);
        var loss = Loss(batch, ids, labels, dropout);
        var forward = Stopwatch.GetTimestamp();
        loss.backward();
        var backward = Stopwatch.GetTimestamp();
        GradientClipping.Clip(_method.Trainable, 1.0);
        var clip = Stopwatch.GetTimestamp();
        _optimizer.Step(1e-3);
        _optimizer.ZeroGradients();
        var value = loss.item<float>();
        var end = Stopwatch.GetTimestamp();
        return float.IsFinite(value)
            ? new StepTimes(
                Milliseconds(start, end),
                Milliseconds(start, forward),
                Milliseconds(forward, backward),
                Milliseconds(backward, clip),
                Milliseconds(clip, end),
                1000 * (TrainerProcess.ThreadSeconds() - processor))
            : throw new InvalidOperationException($"the loss of step {_step} is {value}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _method.Dispose();
        _head.Dispose();
        Model.Dispose();
    }

    private Tensor Loss(TokenBatch batch, long[] ids, long[] labels, DropoutContext dropout)
    {
        if (_loss == StepLossKind.Label)
        {
            return _head.Loss(Model, _head.Hidden(Model, batch, dropout), batch, labels, dropout);
        }

        var hidden = Model.Hidden(batch, dropout);
        var (positions, targets) = CausalLanguageLoss.Supervised(ids, Rows, Length);
        return CausalLanguageLoss.Loss(Model, hidden, batch, positions, targets);
    }

    private static double Milliseconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;
}

/// <summary>Milliseconds of a step and of its parts.</summary>
/// <param name="Total">By the clock on the wall.</param>
/// <param name="Forward">Batch, forward pass and loss.</param>
/// <param name="Backward">Backward pass.</param>
/// <param name="Clip">Norm of the gradients and clipping.</param>
/// <param name="Optimizer">AdamW, gradients back to none, the loss read.</param>
/// <param name="Processor">Processor time of the thread for all of it.</param>
internal readonly record struct StepTimes(
    double Total, double Forward, double Backward, double Clip, double Optimizer, double Processor);
