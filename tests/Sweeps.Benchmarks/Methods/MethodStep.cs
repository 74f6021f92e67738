using System.Diagnostics;
using Sweeps.Benchmarks.Training;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Methods.Ia3;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Methods.Prompts;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using Sweeps.Models.Quantization;
using static TorchSharp.torch;

namespace Sweeps.Benchmarks.Methods;

/// <summary>One method on a model of its own, a step at a time.</summary>
internal sealed class MethodStep : IDisposable
{
    private static readonly long[] LabelTokens = [5, 6, 7];

    private readonly LabelTokensHead _head;
    private readonly TrainingMethod _method;
    private readonly AdamW _optimizer;
    private readonly Random _random = new(1);
    private readonly (int Rows, int Length) _size;
    private long _step;

    public MethodStep(string name, Gemma3Shape shape, int rows, int length)
    {
        Name = name;
        _size = (rows, length);
        var quantization = name switch
        {
            "qlora" => new Nf4Options(),
            "qlora, double" => new Nf4Options { DoubleQuantised = true },
            _ => null,
        };
        Model = ModelFamilies.Create(
            ModelConfig.Parse(shape.Name, shape.Config), new LoadOptions { Seed = 1, Quantization = quantization });
        _head = new LabelTokensHead(Model, LabelTokens);
        _method = name switch
        {
            "full" => new FullFineTuning(Model, []),
            "dora" => new LoraFineTuning(Model, [], new LoraOptions { Alpha = 16, WeightDecomposed = true }),
            "ia3" => new Ia3FineTuning(Model, [], new Ia3Options()),
            "prefix" => new PrefixTuning(Model, [], new PromptOptions()),
            "prompt" => new PromptTuning(Model, [], new PromptOptions()),
            _ => new LoraFineTuning(Model, [], new LoraOptions { Alpha = 16 }),
        };
        _optimizer = new AdamW(_method.Trainable, new AdamWOptions { WeightDecay = 0.01 });
    }

    /// <summary>The methods that are measured.</summary>
    public static List<string> Names { get; } =
        ["full", "lora", "dora", "qlora", "qlora, double", "ia3", "prefix", "prompt"];

    /// <summary>The method.</summary>
    public string Name { get; }

    /// <summary>The model.</summary>
    public Transformer Model { get; }

    /// <summary>Trained elements.</summary>
    public long Trained => _method.TrainableCount;

    /// <summary>Bytes held for the matrices of linear layers, by their elements.</summary>
    public double BytesAWeight =>
        (double)Model.Linears.Sum(linear => linear.Weight.Bytes) / Model.Linears.Sum(linear => linear.Weight.Count);

    /// <summary>Makes a step; milliseconds.</summary>
    public double Run()
    {
        var ids = new long[_size.Rows * _size.Length];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = _random.Next(8, Model.VocabularySize);
        }

        long[] labels = [.. Enumerable.Range(0, _size.Rows).Select(_ => (long)_random.Next(LabelTokens.Length))];
        var start = Stopwatch.GetTimestamp();
        using var scope = NewDisposeScope();
        using var batch = new TokenBatch(ids, _size.Rows, _size.Length);
        using var dropout = new DropoutContext(1, _step++, 0);
        var loss = _head.Loss(Model, _head.Hidden(Model, batch, dropout), batch, labels, dropout);
        loss.backward();
        GradientClipping.Clip(_method.Trainable, 1.0);
        _optimizer.Step(1e-3);
        _optimizer.ZeroGradients();
        return float.IsFinite(loss.item<float>())
            ? Stopwatch.GetElapsedTime(start).TotalMilliseconds
            : throw new InvalidOperationException($"the loss of {Name} is no number");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _method.Dispose();
        _head.Dispose();
        Model.Dispose();
    }
}
