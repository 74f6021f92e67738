using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Sweeps.Training.Inputs;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Recipes;

/// <summary>A run that was cut ends with the weights of one that was not, bit for bit.</summary>
public sealed class ResumeTests : IDisposable
{
    private readonly TrialWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    public static TheoryData<string, string> Kinds => new()
    {
        { "bert", "full" },
        { "bert", "lora" },
        { "gemma3", "full" },
        { "gemma3", "lora" },
        { "gemma3", "label-tokens" },
    };

    /// <summary>Runs with more in their state than step and weights: model, settings, steps that they take.</summary>
    public static TheoryData<string, string, int> States => new()
    {
        { "bert", "early stopping", 12 },
        { "gemma3", "evaluations between checkpoints", 30 },
        { "gemma3", "warmup-stable-decay to a middle of an epoch", 23 },
        { "bert", "bfloat16", 30 },
        { "bert", "lora, recomputed, accumulated", 15 },
        { "gemma3", "smoothed, focal, weighted", 30 },
        { "gemma3", "trimmed", 30 },
        { "gemma3", "generate", 30 },
        { "long", "generate, lora, few-shot", 30 },
        { TrialWorkplace.Chat, "generate, chat, few-shot", 30 },
        { "roberta", "full", 30 },
        { "modernbert", "mean of all tokens", 30 },
        { "deberta", "full", 30 },
        { "deberta", "lora", 30 },
        { "t5", "generate", 30 },
        { "t5", "generate, lora", 30 },
        { "gemma3", "rslora", 30 },
        { "gemma3", "dora", 30 },
        { "bert", "dora", 30 },
        { "gemma3", "qlora", 30 },
        { "gemma3", "qlora, double, bfloat16 products", 30 },
        { "bert", "qlora", 30 },
        { "gemma3", "prefix", 30 },
        { "gemma3", "prompt", 30 },
        { "gemma3", "generate, prefix", 30 },
        { "gemma3", "generate, prompt", 30 },
        { "t5", "generate, recomputed", 30 },
        { "gemma3", "ia3", 30 },
        { "bert", "head-only", 30 },
        { "bert", "lora and the pooler", 30 },
        { "bert", "several labels, focal, weighted", 30 },
        { "gemma3", "several labels, lora", 30 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Resuming_at_twenty_random_steps_equals_the_undisturbed_run(string model, string kind) =>
        CheckResuming(model, SettingsOf(kind), 30, 20);

    [Theory]
    [MemberData(nameof(States))]
    public void Every_state_of_the_loop_is_resumed(string model, string kind, int steps) =>
        CheckResuming(model, SettingsOf(kind), steps, 6);

    private void CheckResuming(string model, TrialSettings settings, int steps, int cuts)
    {
        var undisturbed = new RecordingLink();
        var expected = Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign(model, JobId.Train("s", 1), 1, settings), undisturbed));
        var total = undisturbed.Offers[^1].TotalSteps;
        Assert.Equal(steps, total);
        var random = new Random(20261123);
        for (var trial = 2; trial < cuts + 2; trial++)
        {
            var cut = random.Next(1, total);
            var job = JobId.Train("s", trial);
            var first = random.Next(2) == 0 ? new RecordingLink { ReleaseAt = cut } : new RecordingLink { AbandonAt = cut };
            var ended = TrialWorkplace.Run(_place.Assign(model, job, 1, settings), first);
            Assert.True(ended is ReleasedFrame, $"cut at {cut}: {ended}");

            var second = new RecordingLink();
            ended = TrialWorkplace.Run(_place.Assign(model, job, 2, settings, first.Offers), second);
            Assert.True(expected == ended as DoneFrame, $"cut at {cut}: {ended} instead of {expected}");
            Assert.DoesNotContain(second.Events, told => told.Kind is "replay-differs" or "checkpoint-bad");
            Assert.Equal(
                undisturbed.Offers.SelectMany(offer => offer.Evaluations).Select(evaluation => (evaluation.Step, evaluation.Loss, evaluation.MacroF1)),
                first.Offers.Concat(second.Offers).SelectMany(offer => offer.Evaluations)
                    .Select(evaluation => (evaluation.Step, evaluation.Loss, evaluation.MacroF1)).Distinct());
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_warm_trainer_equals_a_cold_one(string model, string kind)
    {
        var settings = SettingsOf(kind) with { Epochs = 1 };
        var cold = Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign(model, JobId.Train("s", 1), 1, settings), new RecordingLink()));
        var session = new TrainerSession();
        TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 2), 1, TrialWorkplace.Settings with { Epochs = 1, Seed = 9 }), new RecordingLink(), session);
        TrialWorkplace.Run(_place.Assign("bert", JobId.Train("s", 3), 1, TrialWorkplace.Lora with { Epochs = 1, MaxLength = 20 }), new RecordingLink(), session);
        var warm = Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign(model, JobId.Train("s", 4), 1, settings), new RecordingLink(), session));
        Assert.Equal(cold, warm);
    }

    [Fact]
    public void A_replayed_step_that_differs_is_told_once()
    {
        var job = JobId.Train("s", 1);
        var first = new RecordingLink { AbandonAt = 7 };
        TrialWorkplace.Run(_place.Assign("bert", job, 1, TrialWorkplace.Settings), first);
        var curve = Path.Combine(_place.Folder(job, 1), "curve");
        var lines = File.ReadAllLines(curve);
        lines[6] = lines[6].Replace(' ', '~').Replace("6~", "6 1", StringComparison.Ordinal).Replace('~', ' ');
        File.WriteAllLines(curve, lines);
        var second = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("bert", job, 2, TrialWorkplace.Settings, first.Offers.Take(1)), second));
        var told = Assert.Single(second.Events, happening => happening.Kind == "replay-differs");
        Assert.StartsWith("step 6 gave loss", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_seed_gives_other_weights()
    {
        var one = TrialWorkplace.Run(_place.Assign("bert", JobId.Train("s", 1), 1, TrialWorkplace.Settings with { Epochs = 1 }), new RecordingLink());
        var other = TrialWorkplace.Run(_place.Assign("bert", JobId.Train("s", 2), 1, TrialWorkplace.Settings with { Epochs = 1, Seed = 2 }), new RecordingLink());
        Assert.NotEqual(Assert.IsType<DoneFrame>(one).FinalSha256, Assert.IsType<DoneFrame>(other).FinalSha256);
    }

    private static TrialSettings SettingsOf(string kind) => kind switch
    {
        "full" => TrialWorkplace.Settings,
        "lora" => TrialWorkplace.Lora,
        "rslora" or "dora" or "qlora" => TrialWorkplace.Lora with { Method = kind },
        "qlora, double, bfloat16 products" => TrialWorkplace.Lora with { Method = "qlora", DoubleQuant = true, QuantCompute = "bfloat16" },
        "prefix" or "prompt" => TrialWorkplace.Settings with { Method = kind, VirtualTokens = 5 },
        "ia3" or "head-only" => TrialWorkplace.Settings with { Method = kind },
        "lora and the pooler" => TrialWorkplace.Lora with { TargetModules = ["query", "value"], ModulesToSave = ["pooler"] },
        "early stopping" => TrialWorkplace.Settings with { EvaluateSteps = 3, Patience = 3, MinDelta = 0.9, Metric = "accuracy" },
        "evaluations between checkpoints" => TrialWorkplace.Settings with { EvaluateSteps = 7, Patience = 30, Metric = "loss" },
        "warmup-stable-decay to a middle of an epoch" =>
            TrialWorkplace.Settings with { MaxSteps = 23, Schedule = "warmup-stable-decay", Warmup = 3, DecaySteps = 0.5, MinLearningRate = 0.1 },
        "bfloat16" => TrialWorkplace.Settings with { Precision = "bfloat16" },
        "lora, recomputed, accumulated" =>
            TrialWorkplace.Lora with { GradientCheckpointing = true, Accumulation = 2, AccumulationMean = "batches", GroupByLength = false },
        "generate" => TrialWorkplace.Settings with { Head = "generate", EvaluateSteps = 10 },
        "generate, lora, few-shot" => TrialWorkplace.Lora with { Head = "generate", FewShot = 1, MaxLength = 120, EvaluateSteps = 10 },
        "generate, chat, few-shot" => TrialWorkplace.Settings with { Chat = true, Head = "generate", FewShot = 1, MaxLength = 140, EvaluateSteps = 10 },
        "generate, prefix" => TrialWorkplace.Settings with { Head = "generate", Method = "prefix", VirtualTokens = 5 },
        "generate, prompt" => TrialWorkplace.Settings with { Head = "generate", Method = "prompt", VirtualTokens = 5 },
        "generate, recomputed" => TrialWorkplace.Settings with { Head = "generate", GradientCheckpointing = true },
        "generate, lora" => TrialWorkplace.Lora with { Head = "generate" },
        "mean of all tokens" => TrialWorkplace.Settings with { Pooling = "mean" },
        "several labels, focal, weighted" =>
            TrialWorkplace.Tags with { FocalGamma = 1.5, ClassWeights = "balanced", EvaluateSteps = 7, Metric = "accuracy" },
        "several labels, lora" => TrialWorkplace.Lora with { Data = TrialWorkplace.Tags.Data, Accumulation = 1, Metric = "loss" },
        "trimmed" => TrialWorkplace.Settings with { Head = "trimmed", FrozenLayers = 1 },
        "smoothed, focal, weighted" =>
            TrialWorkplace.Settings with { LabelSmoothing = 0.1, FocalGamma = 2, ClassWeights = "balanced" },
        _ => TrialWorkplace.Settings with { Head = "label-tokens", FrozenLayers = 1 },
    };
}
