using System.Collections.Frozen;
using System.Globalization;

namespace Sweeps.Core.Spec.Settings;

/// <summary>Every setting that can be fixed or swept, in the order of the reference. A new one is one entry here.</summary>
public static class SettingTable
{
    /// <summary>The settings.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("template", "", new TemplateType(), s => s.Template, (s, v) => s with { Template = (string)v }),
        new("chat", "", new SwitchType(), s => s.Chat, (s, v) => s with { Chat = (bool)v }),
        new("truncate", "", new ChoiceType("head", "tail", "middle"), s => s.Truncate, (s, v) => s with { Truncate = (string)v }),
        new("max_length", "", new IntegerType(4, 131_072), s => (long)s.MaxLength, (s, v) => s with { MaxLength = Int(v) }),
        new("method", "", new ChoiceType([.. MethodTraits.All]), s => s.Method, (s, v) => s with { Method = (string)v }),
        new("head", "", new ChoiceType("linear", "label-tokens", "trimmed", "generate"), s => s.Head, (s, v) => s with { Head = (string)v }),
        new("trim", "", new ChoiceType("label-tokens", "first-rows"), s => s.Trim, (s, v) => s with { Trim = (string)v }),
        new("pooling", "", new ChoiceType("auto", "cls", "pooled", "mean"), s => s.Pooling, (s, v) => s with { Pooling = (string)v }),
        new("constrained", "", new SwitchType(), s => s.Constrained, (s, v) => s with { Constrained = (bool)v }),
        new("few_shot", "", new IntegerType(0, 100), s => (long)s.FewShot, (s, v) => s with { FewShot = Int(v) }),
        new("frozen_layers", "", new IntegerType(0, 1_000), s => (long)s.FrozenLayers, (s, v) => s with { FrozenLayers = Int(v) }),
        new("virtual_tokens", "", new IntegerType(1, 4_096), s => (long)s.VirtualTokens, (s, v) => s with { VirtualTokens = Int(v) }),
        new("seed", "", new IntegerType(0, int.MaxValue), s => (long)s.Seed, (s, v) => s with { Seed = Int(v) }),

        new("epochs", Training, new IntegerType(1, 10_000), s => (long)s.Epochs, (s, v) => s with { Epochs = Int(v) }),
        new("learning_rate", Training, new NumberType(0, 10, minIsOpen: true), s => s.LearningRate, (s, v) => s with { LearningRate = (double)v }),
        new("batch_size", Training, new IntegerType(1, 65_536), s => (long)s.BatchSize, (s, v) => s with { BatchSize = Int(v) }),
        new("accumulation", Training, new IntegerType(1, 4_096), s => (long)s.Accumulation, (s, v) => s with { Accumulation = Int(v) }),
        new("accumulation_mean", Training, new ChoiceType("rows", "batches"), s => s.AccumulationMean, (s, v) => s with { AccumulationMean = (string)v }),
        new("group_by_length", Training, new SwitchType(), s => s.GroupByLength, (s, v) => s with { GroupByLength = (bool)v }),
        new("max_steps", Training, new IntegerType(0, 10_000_000), s => (long)s.MaxSteps, (s, v) => s with { MaxSteps = Int(v) }),
        new("schedule", Training, new ChoiceType("constant", "linear", "cosine", "warmup-stable-decay"), s => s.Schedule, (s, v) => s with { Schedule = (string)v }),
        new("warmup", Training, new StepsType(), s => s.Warmup, (s, v) => s with { Warmup = (double)v }),
        new("decay_steps", Training, new StepsType(), s => s.DecaySteps, (s, v) => s with { DecaySteps = (double)v }),
        new("decay_shape", Training, new ChoiceType("cosine", "linear", "1-sqrt"), s => s.DecayShape, (s, v) => s with { DecayShape = (string)v }),
        new("min_learning_rate", Training, new NumberType(0, 1), s => s.MinLearningRate, (s, v) => s with { MinLearningRate = (double)v }),
        new("weight_decay", Training, new NumberType(0, 10), s => s.WeightDecay, (s, v) => s with { WeightDecay = (double)v }),
        new("clip", Training, new NumberType(0, 1e6), s => s.Clip, (s, v) => s with { Clip = (double)v }),
        new("class_weights", Training, new ChoiceType("none", "balanced"), s => s.ClassWeights, WithClassWeights),
        new("loss", Training, new ChoiceType("constrained", "vocabulary"), s => s.Loss, (s, v) => s with { Loss = (string)v }),
        new("label_smoothing", Training, new NumberType(0, 1, maxIsOpen: true), s => s.LabelSmoothing, (s, v) => s with { LabelSmoothing = (double)v }),
        new("focal_gamma", Training, new NumberType(0, 10), s => s.FocalGamma, (s, v) => s with { FocalGamma = (double)v }),
        new("precision", Training, new ChoiceType("float32", "bfloat16"), s => s.Precision, (s, v) => s with { Precision = (string)v }),
        new("gradient_checkpointing", Training, new SwitchType(), s => s.GradientCheckpointing, (s, v) => s with { GradientCheckpointing = (bool)v }),
        new("evaluate_steps", Training, new IntegerType(0, 10_000_000), s => (long)s.EvaluateSteps, (s, v) => s with { EvaluateSteps = Int(v) }),
        new("patience", Training, new IntegerType(0, 10_000), s => (long)s.Patience, (s, v) => s with { Patience = Int(v) }),
        new("min_delta", Training, new NumberType(0, 1e6), s => s.MinDelta, (s, v) => s with { MinDelta = (double)v }),
        new("evaluation_batch_size", Training, new IntegerType(1, 65_536), s => (long)s.EvaluationBatchSize, (s, v) => s with { EvaluationBatchSize = Int(v) }),

        new("rank", Lora, new IntegerType(1, 4_096), s => s.Rank is { } rank ? (long)rank : null, (s, v) => s with { Rank = Int(v) }),
        new("alpha", Lora, new NumberType(0, 1e5, minIsOpen: true), s => s.Alpha, (s, v) => s with { Alpha = (double)v }),
        new("dropout", Lora, new NumberType(0, 1, maxIsOpen: true), s => s.LoraDropout, (s, v) => s with { LoraDropout = (double)v }),
        new("target_modules", Lora, new ModulesType(ModulesType.AllLinear, ModulesType.Default), GetModules, WithModules),
        new("modules_to_save", Lora, new ModulesType(ModulesType.None), GetSaved, WithSaved),
        new("double_quant", Lora, new SwitchType(), s => s.DoubleQuant, (s, v) => s with { DoubleQuant = (bool)v }),
        new("quant_compute", Lora, new ChoiceType("float32", "bfloat16"), s => s.QuantCompute, (s, v) => s with { QuantCompute = (string)v }),
    ];

    /// <summary>The settings by name.</summary>
    public static FrozenDictionary<string, Setting> ByName { get; } = All.ToFrozenDictionary(setting => setting.Name, StringComparer.Ordinal);

    /// <summary>The section <c>training</c>.</summary>
    public const string Training = "training";

    /// <summary>The section <c>lora</c>.</summary>
    public const string Lora = "lora";

    /// <summary>The setting, by its name or its path (<c>rank</c>, <c>lora.rank</c>); null when there is none.</summary>
    public static Setting? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ByName.TryGetValue(name[(name.LastIndexOf('.') + 1)..], out var setting)
            && (name == setting.Name || name == setting.Path)
                ? setting
                : null;
    }

    private static int Int(object value) => Convert.ToInt32(value, CultureInfo.InvariantCulture);

    // A word takes the place of weights that were given label by label.
    private static TrialSettings WithClassWeights(TrialSettings settings, object value) =>
        settings with { ClassWeights = (string)value, CustomClassWeights = null };

    private static string GetModules(TrialSettings settings) =>
        settings.TargetModules is { Count: > 0 } names ? string.Join(',', names) : ModulesType.AllLinear;

    private static TrialSettings WithModules(TrialSettings settings, object value) =>
        settings with { TargetModules = (string)value == ModulesType.AllLinear ? null : ModulesType.Split((string)value) };

    private static string GetSaved(TrialSettings settings) =>
        settings.ModulesToSave is { Count: > 0 } names ? string.Join(',', names) : ModulesType.None;

    private static TrialSettings WithSaved(TrialSettings settings, object value) =>
        settings with { ModulesToSave = (string)value == ModulesType.None ? null : ModulesType.Split((string)value) };
}
