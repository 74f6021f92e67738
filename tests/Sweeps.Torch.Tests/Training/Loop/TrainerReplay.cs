using System.Text.Json;
using Sweeps.Core.Spec;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using Sweeps.Torch.Tests.Models.Golden;
using Sweeps.Training.Batches;
using Sweeps.Training.Checkpoints;
using Sweeps.Training.Loop;
using Sweeps.Training.Recipes;
using Sweeps.Training.Schedules;
using Sweeps.Training.Tasks;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Loop;

/// <summary>One run of transformers' Trainer, made again by the loop of this program on the rows that it recorded.</summary>
internal sealed class TrainerReplay(JsonElement file, string kind, ReplayModel model, ITestOutputHelper output)
{
    private readonly JsonElement _case = file.GetProperty("cases").EnumerateArray()
        .First(one => one.GetProperty("kind").GetString() == kind);
    private readonly Dictionary<string, double> _worst = new(StringComparer.Ordinal);

    /// <summary>Tolerance of gradient norms, relative.</summary>
    public double NormTolerance { get; init; } = 1e-4;

    /// <summary>Absolute tolerance of the final logits.</summary>
    public double LogitsTolerance { get; init; } = 1e-4;

    /// <summary>Absolute tolerance of losses.</summary>
    public double LossTolerance { get; init; } = 2e-5;

    /// <summary>What the run's mean is taken over where a step has several micro-batches.</summary>
    public string AccumulationMean { get; init; } = "rows";

    /// <summary>Whether the Trainer recorded the sum of micro-batch means: its loss is so many times ours as the step has batches.</summary>
    public bool RecordsSum { get; init; }

    /// <summary>Evaluations without a gain that end the run.</summary>
    public int Patience { get; init; }

    public void Run()
    {
        var settings = Settings();
        var recorded = _case.GetProperty("steps").EnumerateArray().ToList();
        var order = new RecordedOrder([.. recorded.Select(step => step.GetProperty("micro").EnumerateArray()
            .Select(micro => GoldenCase.Longs(micro.GetProperty("rows")).Select(row => (int)row).ToArray()).ToArray())]);
        var plan = LoopPlan.Of(file.GetProperty("train").GetArrayLength(), settings);
        Assert.Equal(_case.GetProperty("max_steps").GetInt32(), plan.TotalSteps);
        ITrainingTask train = RecordsSum ? new SummingTask(model.Train, order) : model.Train;
        using var optimizer = new AdamW(model.Trainable, new AdamWOptions { WeightDecay = settings.WeightDecay });
        using var best = new CheckpointSnapshot(model.Trainable, optimizer);
        var loop = new TrainingLoop(
            plan,
            new TrainStep(model.Trainable, train, order, settings),
            optimizer,
            Schedule(settings, plan.TotalSteps),
            new Objective(settings.Metric, settings.Metric != "loss"),
            new EarlyStopping(settings.Patience, settings.MinDelta))
        {
            State = new CheckpointState { Step = 0, Epoch = 0, Machine = "" },
        };
        var evaluations = new Queue<JsonElement>(_case.GetProperty("evals").EnumerateArray());
        var evaluates = evaluations.Count > 0;
        var total = 0.0;
        while (!loop.IsOver)
        {
            Assert.True(loop.State.Step < recorded.Count, "the run went on beyond the recorded one");
            var expected = recorded[loop.State.Step];
            order.BatchesOfStep = expected.GetProperty("micro").GetArrayLength();
            var (point, _) = loop.Step(() => { });
            Check("learning rate", expected.GetProperty("lr").GetDouble(), point.LearningRate, 1e-9, relativeTo: 1e-30);
            Check("loss", expected.GetProperty("loss").GetDouble(), point.Loss, LossTolerance);
            Check("gradient norm", expected.GetProperty("grad_norm").GetDouble(), point.GradientNorm, NormTolerance, relativeTo: 1e-2);
            total += point.Loss;
            if (evaluates && loop.IsEvaluationDue)
            {
                Assert.True(evaluations.TryDequeue(out var evaluation), $"no evaluation is recorded after step {loop.State.Step}");
                if (Evaluate(loop, evaluation, settings.Metric))
                {
                    best.Take(model.Trainable, optimizer);
                }
            }
        }

        Assert.Empty(evaluations);
        Assert.Equal(_case.GetProperty("steps_done").GetInt32(), loop.State.Step);
        Check("train loss", _case.GetProperty("train_loss").GetDouble(), total / loop.State.Step, LossTolerance);
        Finish(loop, best);
        output.WriteLine($"{kind}: {string.Join("; ", _worst.Select(pair => FormattableString.Invariant($"{pair.Key} {pair.Value:0.0e+0} of its tolerance")))}");
    }

    private bool Evaluate(TrainingLoop loop, JsonElement expected, string metric)
    {
        Assert.Equal(expected.GetProperty("global_step").GetInt32(), loop.State.Step);
        var (sum, rows) = (0.0, 0);
        foreach (var micro in expected.GetProperty("micro").EnumerateArray())
        {
            int[] batch = [.. GoldenCase.Longs(micro.GetProperty("rows")).Select(row => (int)row)];
            var loss = model.Validation.MeanLoss(batch);
            Check("batch loss", micro.GetProperty("loss").GetDouble(), loss, LossTolerance);
            sum += loss * batch.Length;
            rows += batch.Length;
        }

        Check("evaluation loss", expected.GetProperty("eval_loss").GetDouble(), sum / rows, LossTolerance);
        var value = sum / rows;
        if (expected.TryGetProperty("eval_accuracy", out var accuracy))
        {
            var metrics = model.Metrics();
            Check("accuracy", accuracy.GetDouble(), metrics.Accuracy, 1e-7);
            Check("macro F1", expected.GetProperty("eval_macro_f1").GetDouble(), metrics.MacroF1, 1e-7);
            value = metric == "loss" ? value : metrics.MacroF1;
        }

        var seen = expected.GetProperty("best_metric_seen_by_callbacks");
        if (seen.ValueKind == JsonValueKind.Number)
        {
            Check("best value", seen.GetDouble(), loop.State.BestValue!.Value, LossTolerance);
        }

        return loop.Judge(value);
    }

    private void Finish(TrainingLoop loop, CheckpointSnapshot best)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        if (_case.GetProperty("best").ValueKind == JsonValueKind.Object)
        {
            Assert.Equal(_case.GetProperty("best").GetProperty("best_global_step").GetInt32(), loop.State.BestStep);
            Check("best value", _case.GetProperty("best").GetProperty("best_metric").GetDouble(), loop.State.BestValue!.Value, LossTolerance);
            foreach (var parameter in model.Trainable)
            {
                parameter.Value.copy_(best.Weights[parameter.Name]);
            }
        }

        var logits = GoldenCase.Floats(_case.GetProperty("final_logits_of_first_eval_rows"));
        if (logits.Length > 0)
        {
            var actual = model.FirstLogits().contiguous().data<float>().ToArray();
            Assert.Equal(logits.Length, actual.Length);
            for (var i = 0; i < logits.Length; i++)
            {
                Check("final logits", logits[i], actual[i], LogitsTolerance);
            }
        }

        var excepted = file.GetProperty("ill_defined_parameters").EnumerateArray().Select(name => name.GetString()).ToHashSet();
        var norms = _case.GetProperty("final_param_norms").EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetDouble());
        foreach (var parameter in model.Trainable)
        {
            Assert.True(norms.Remove(parameter.Name, out var norm), parameter.Name);
            if (!excepted.Contains(parameter.Name))
            {
                Check("final norms", norm, parameter.Value.norm().item<float>(), 1e-5, relativeTo: 1e-2);
            }
        }

        Assert.Empty(norms);
        Assert.Equal(
            _case.GetProperty("no_decay_names").EnumerateArray().Select(name => name.GetString()).Order(),
            model.Trainable.Where(parameter => !parameter.Decays).Select(parameter => parameter.Name).Order());
    }

    private TrialSettings Settings()
    {
        var arguments = _case.GetProperty("args");
        double Number(string name, double other) => arguments.TryGetProperty(name, out var value) ? value.GetDouble() : other;
        string? Text(string name) => arguments.TryGetProperty(name, out var value) ? value.GetString() : null;
        return ReplayModel.Base with
        {
            Epochs = (int)Number("num_train_epochs", 3),
            MaxSteps = (int)Number("max_steps", 0),
            BatchSize = (int)Number("per_device_train_batch_size", 8),
            Accumulation = (int)Number("gradient_accumulation_steps", 1),
            AccumulationMean = AccumulationMean,
            LearningRate = Number("learning_rate", 5e-5),
            Schedule = Text("lr_scheduler_type") switch
            {
                null => "linear",
                "constant_with_warmup" => "constant",
                "warmup_stable_decay" => LearningRateSchedule.WarmupStableDecay,
                var name => name,
            },
            Warmup = Number("warmup_steps", 0),
            WeightDecay = Number("weight_decay", 0),
            Clip = Number("max_grad_norm", 1),
            EvaluateSteps = Text("eval_strategy") == "steps" ? (int)Number("eval_steps", 0) : 0,
            Patience = Patience,
            Metric = Text("metric_for_best_model") ?? "loss",
        };
    }

    private LearningRateSchedule Schedule(TrialSettings settings, int totalSteps)
    {
        if (!_case.GetProperty("args").TryGetProperty("lr_scheduler_kwargs", out var more))
        {
            return LearningRateSchedule.Of(settings, totalSteps);
        }

        return new LearningRateSchedule(
            settings.Schedule,
            settings.LearningRate,
            settings.Warmup,
            totalSteps,
            more.GetProperty("num_decay_steps").GetInt32(),
            more.TryGetProperty("decay_type", out var shape) ? shape.GetString()! : "cosine",
            more.TryGetProperty("min_lr_ratio", out var least) ? least.GetDouble() : 0,
            more.TryGetProperty("num_stable_steps", out var stable) ? stable.GetInt32() : null);
    }

    private void Check(string what, double expected, double actual, double tolerance, double? relativeTo = null)
    {
        var error = Math.Abs(expected - actual) / (relativeTo is { } floor ? Math.Max(Math.Abs(expected), floor) : 1);
        _worst[what] = Math.Max(_worst.GetValueOrDefault(what), error / tolerance);
        Assert.True(error <= tolerance, FormattableString.Invariant($"{kind}: {what}: expected {expected:R}, got {actual:R}: {error:g3} is above {tolerance:g3}"));
    }

    private sealed class RecordedOrder(int[][][] steps) : IRowOrder
    {
        public int BatchesOfStep { get; set; }

        public IReadOnlyList<int[]> Group(int step) => steps[step];
    }

    /// <summary>A step's loss as the Trainer's sum of means: ours times the number of its micro-batches.</summary>
    private sealed class SummingTask(ITrainingTask task, RecordedOrder order) : ITrainingTask
    {
        public IReadOnlyList<int> Lengths => task.Lengths;

        public double Weight(int row) => task.Weight(row);

        public double Backward(int[] rows, DropoutContext dropout, double divisor) =>
            task.Backward(rows, dropout, divisor / order.BatchesOfStep);

        public double MeanLoss(int[] rows) => task.MeanLoss(rows);

        public void Dispose()
        {
        }
    }
}
