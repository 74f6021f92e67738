using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Settings;
using Xunit;

namespace Sweeps.Tests.Spec;

public sealed class SpecReaderTests
{
    private const string Head = "base: ../model\ndata: {train: data.csv}\ntemplate: \"{text}\"\n";

    [Fact]
    public void A_bare_spec_has_the_documented_defaults()
    {
        var spec = Read(Head);

        Assert.Equal("my-grid", spec.Name);
        Assert.Equal(new Objective("macro_f1", Maximize: true), spec.Objective);
        Assert.Equal((0, 3, false), (spec.Concurrency, spec.Retries, spec.KeepCheckpoints));
        Assert.Null(spec.MaxTime);
        Assert.Null(spec.DiskLimitBytes);
        Assert.Empty(spec.Grid);
        Assert.Equal(("cosine", 0.05, 32, 1), (spec.Defaults.Schedule, spec.Defaults.Warmup, spec.Defaults.BatchSize, spec.Defaults.Seed));
        Assert.Equal(("csv", null, "label", 0.1), (spec.Defaults.Data.Format, spec.Defaults.Data.Delimiter, spec.Defaults.Data.LabelColumn, spec.Defaults.Data.ValidationShare));
        Assert.Equal((0, 10.0), (spec.Defaults.CheckpointSteps, spec.Defaults.CheckpointSeconds));
    }

    [Fact]
    public void Every_setting_arrives_where_it_belongs()
    {
        var spec = Read("""
            name: all of it
            base: /models/x
            data:
              train: a.jsonl
              validation: b.jsonl
              test: c.jsonl
              label: y
              labels: [no, yes, 3]
              max_rows: 500
            template: "q: {q} {{x}}"
            truncate: middle
            max_length: 77
            method: lora
            head: label-tokens
            label_texts: {no: "n", yes: "j"}
            frozen_layers: 3
            training:
              epochs: 7
              learning_rate: 2E-5
              batch_size: 9
              accumulation: 4
              schedule: linear
              warmup: 20
              weight_decay: 0
              clip: 0.5
              class_weights: {no: 1, yes: 2, "3": 3}
              loss: vocabulary
              evaluation_batch_size: 11
            lora: {rank: 5, alpha: 12.5, dropout: .25, target_modules: [v_proj, q_proj, v_proj]}
            seed: 42
            objective: loss
            concurrency: 6
            retries: 0
            checkpoint: {steps: 50, keep: all}
            max_time: 1h30m
            disk_limit: 2GiB
            """);

        var settings = spec.Defaults;
        Assert.Equal(("all of it", "/models/x"), (spec.Name, settings.Base));
        Assert.Equal(("a.jsonl", "b.jsonl", "c.jsonl"), (spec.Data.Train, spec.Data.Validation, spec.Data.Test));
        Assert.Equal(["no", "yes", "3"], spec.Data.Labels!);
        Assert.Equal(("jsonl", "y", 500), (settings.Data.Format, settings.Data.LabelColumn, settings.Data.MaxRows));
        Assert.Equal(("q: {q} {{x}}", "middle", 77), (settings.Template, settings.Truncate, settings.MaxLength));
        Assert.Equal(("lora", "label-tokens", 3, 42), (settings.Method, settings.Head, settings.FrozenLayers, settings.Seed));
        Assert.Equal((7, 2e-5, 9, 4), (settings.Epochs, settings.LearningRate, settings.BatchSize, settings.Accumulation));
        Assert.Equal(("linear", 20.0, 0.0, 0.5), (settings.Schedule, settings.Warmup, settings.WeightDecay, settings.Clip));
        Assert.Equal(("custom", "vocabulary", 11), (settings.ClassWeights, settings.Loss, settings.EvaluationBatchSize));
        Assert.Equal([("no", 1), ("yes", 2), ("3", 3)], spec.ClassWeights!.Select(pair => (pair.Key, pair.Value)));
        Assert.Equal([("no", "n"), ("yes", "j")], spec.LabelTexts!.Select(pair => (pair.Key, pair.Value.First)));
        Assert.Equal((5, 12.5, 0.25), (settings.Rank, settings.Alpha, settings.LoraDropout));
        Assert.Equal(["q_proj", "v_proj"], settings.TargetModules!);
        Assert.Equal(new Objective("loss", Maximize: false), spec.Objective);
        Assert.Equal("loss", settings.Metric);
        Assert.Equal((6, 0, true), (spec.Concurrency, spec.Retries, spec.KeepCheckpoints));
        Assert.Equal((50, 0.0), (settings.CheckpointSteps, settings.CheckpointSeconds));
        Assert.Equal(TimeSpan.FromMinutes(90), spec.MaxTime);
        Assert.Equal(2L << 30, spec.DiskLimitBytes);
        Assert.Equal(new SpecMark(26, 18), spec.Marks["training.class_weights"]);
    }

    [Fact]
    public void Axes_keep_the_order_of_the_file_and_the_types_of_their_settings()
    {
        var spec = Read(Head + """
            grid:
              learning_rate: [1, 3e-4]
              lora.rank: [8]
              method: [full, lora]
              warmup: {values: [0, 10], when: {schedule: [cosine, linear], epochs: 3}}
              target_modules: [all-linear, [v_proj, q_proj], "k_proj"]
            seeds: [3, 4]
            """);

        Assert.Equal(["learning_rate", "rank", "method", "warmup", "target_modules"], spec.Grid.Select(axis => axis.Name));
        Assert.Equal([1.0, 3e-4], spec.Grid[0].Values);
        Assert.Equal([8L], spec.Grid[1].Values);
        Assert.Equal(["full", "lora"], spec.Grid[2].Values);
        Assert.Equal([0.0, 10.0], spec.Grid[3].Values);
        Assert.Equal(["all-linear", "q_proj,v_proj", "k_proj"], spec.Grid[4].Values);
        Assert.Equal(["cosine", "linear"], spec.Grid[3].When!["schedule"]);
        Assert.Equal([3L], spec.Grid[3].When!["epochs"]);
        Assert.Equal([5, 6, 7, 8, 9], spec.Grid.Select(axis => axis.Line));
        Assert.Equal(new SpecMark(8, 24), spec.Marks["grid.warmup[1]"]);
        Assert.Equal([3, 4], spec.Seeds);
    }

    [Fact]
    public void The_settings_of_loop_and_heads_are_read()
    {
        var spec = Read(Head + """
            method: zero-shot
            head: generate
            trim: first-rows
            constrained: false
            few_shot: 2
            label_texts: {a: [pos, "positive"], b: neg}
            training:
              accumulation_mean: batches
              group_by_length: false
              max_steps: 40
              schedule: warmup-stable-decay
              decay_steps: 0.25
              decay_shape: 1-sqrt
              min_learning_rate: 0.1
              label_smoothing: 0.1
              focal_gamma: 2
              precision: bfloat16
              gradient_checkpointing: true
              evaluate_steps: 10
              patience: 3
              min_delta: 0.005
            grid:
              gradient_checkpointing: [true, false]
              patience: [0, 3]
            """);

        var settings = spec.Defaults;
        Assert.Equal(("zero-shot", "generate", "first-rows", false, 2), (settings.Method, settings.Head, settings.Trim, settings.Constrained, settings.FewShot));
        Assert.Equal(["pos", "positive"], spec.LabelTexts!["a"].Texts);
        Assert.Equal(["neg"], spec.LabelTexts!["b"].Texts);
        Assert.Equal(("batches", false, 40), (settings.AccumulationMean, settings.GroupByLength, settings.MaxSteps));
        Assert.Equal(("warmup-stable-decay", 0.25, "1-sqrt", 0.1), (settings.Schedule, settings.DecaySteps, settings.DecayShape, settings.MinLearningRate));
        Assert.Equal((0.1, 2.0, "bfloat16", true), (settings.LabelSmoothing, settings.FocalGamma, settings.Precision, settings.GradientCheckpointing));
        Assert.Equal((10, 3, 0.005), (settings.EvaluateSteps, settings.Patience, settings.MinDelta));
        Assert.Equal([true, false], spec.Grid[0].Values);
        Assert.Equal([0L, 3L], spec.Grid[1].Values);
    }

    [Fact]
    public void Texts_of_labels_are_one_or_several_in_json_too()
    {
        var settings = Sweeps.Core.Json.SweepsJson.Read<TrialSettings>(
            """{"base":"b","template":"{t}","data":{"labels":["a","b"]},"label_texts":["x",["y","z"]]}""");

        Assert.Equal([new LabelText("x"), new LabelText(["y", "z"])], settings.LabelTexts!);
        Assert.Contains("\"label_texts\":[\"x\",[\"y\",\"z\"]]", Sweeps.Core.Json.SweepsJson.Write(settings), StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_whose_lines_are_all_commented_out_are_empty()
    {
        var spec = Read(Head + "training:\n  # epochs: 3\nlora:\ngrid:\n");

        Assert.Equal(3, spec.Defaults.Epochs);
        Assert.Empty(spec.Grid);
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("30m", 1_800)]
    [InlineData("2h", 7_200)]
    [InlineData("1d", 86_400)]
    [InlineData("1h30m", 5_400)]
    [InlineData("1.5h", 5_400)]
    [InlineData("0s", null)]
    [InlineData("h", null)]
    [InlineData("1.5.5h", null)]
    [InlineData("-2h", null)]
    public void Durations(string text, int? seconds) =>
        Assert.Equal(seconds, (int?)Units.Duration(text)?.TotalSeconds);

    [Theory]
    [InlineData("10GB", 10_000_000_000)]
    [InlineData("10 gb", 10_000_000_000)]
    [InlineData("1.5MB", 1_500_000L)]
    [InlineData("2MiB", 2_097_152L)]
    [InlineData("5000000B", 5_000_000L)]
    [InlineData("1KB", null)]
    [InlineData("-1GB", null)]
    [InlineData("GB", null)]
    [InlineData("9999999999TB", null)]
    public void Disk_sizes(string text, long? bytes) => Assert.Equal(bytes, Units.Size(text));

    [Theory]
    [InlineData("learing_rate", "learning_rate")]
    [InlineData("LearningRate", "learning_rate")]
    [InlineData("learning-rate", "learning_rate")]
    [InlineData("epcohs", "epochs")]
    [InlineData("method", "method")]
    [InlineData("q", null)]
    [InlineData("", null)]
    [InlineData("something_else_entirely", null)]
    public void The_nearest_name(string name, string? nearest) =>
        Assert.Equal(nearest, NearestName.Of(name, SettingTable.All.Select(setting => setting.Name)));

    [Fact]
    public void Every_setting_gives_back_what_it_was_given()
    {
        var settings = Read(Head).Defaults with { Rank = 8, Alpha = 16 };

        Assert.All(SettingTable.All, setting => Assert.Equal(setting.Get(settings), setting.Get(setting.With(settings, setting.Get(settings)!))));
        Assert.Equal(SettingTable.All.Count, SettingTable.ByName.Count);
    }

    private static SweepSpec Read(string yaml)
    {
        var result = SpecReader.Read(yaml, "dir/my-grid.yaml");
        Assert.Empty(result.Errors);
        return result.Spec!;
    }
}
