using Sweeps.Core.Json;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Examples;
using Sweeps.Search.Planning;
using Xunit;

namespace Sweeps.Tests.Search;

public sealed class PlannerTests
{
    private static readonly DataFacts Campaigns = new()
    {
        Labels = ["Under", "Average", "Over"],
        Rows = new Dictionary<string, int> { ["train"] = 3_000, ["validation"] = 600, ["test"] = 1_500 },
        Columns = ["audience", "brand", "creative", "platform", "geography", "text", "label"],
    };

    private static readonly ModelFacts Gemma = new()
    {
        Family = "gemma3_text",
        Layers = 4,
        HiddenSize = 64,
        Parameters = 206_016,
        EmbeddingParameters = 16_384,
        MaxPositions = 512,
        IsDecoder = true,
        UnknownShare = 0,
        MeanTokens = 17,
    };

    [Fact]
    public void The_quickstart_is_24_trials()
    {
        var spec = Read(SpecExamples.Get("quickstart")!);

        var plan = Planner.Plan(spec, Campaigns, Gemma);

        Assert.Empty(plan.Errors);
        Assert.Empty(plan.Warnings);
        Assert.Equal(24, plan.Trials.Count);
        Assert.Equal(24, plan.GridPoints);
        Assert.Empty(plan.Merged);
        Assert.Equal(["epochs", "learning_rate", "method", "frozen_layers"], plan.Axes);
        Assert.Equal("""{"epochs":1,"learning_rate":0.0003,"method":"full","frozen_layers":0}""", plan.Trials[0].PointJson());
        Assert.Equal("""{"epochs":3,"learning_rate":0.02,"method":"lora","frozen_layers":2}""", plan.Trials[23].PointJson());
        Assert.Equal(63, plan.Trials[0].Steps);
        Assert.Equal((12 * 63) + (12 * 189), plan.TotalSteps);
        Assert.Equal(plan.TotalSteps, plan.Facts.TotalSteps);
        Assert.True(plan.Facts.HasTest);
        Assert.Equal(24, plan.Trials.Select(trial => SweepsJson.Write(trial.Settings)).Distinct().Count());
        Assert.All(plan.Trials.Where(trial => trial.Settings.Method == "lora"), trial => Assert.Equal((8, 16.0), (trial.Settings.Rank, trial.Settings.Alpha)));
        Assert.All(plan.Trials.Where(trial => trial.Settings.Method == "full"), trial => Assert.Null(trial.Settings.Rank));
        Assert.All(plan.Trials, trial => Assert.Equal(Campaigns.Labels, trial.Settings.Data.Labels));
    }

    [Fact]
    public void The_preflights_are_the_costliest_point_of_each_method()
    {
        var plan = Plan("grid: {method: [full, lora], batch_size: [8, 32], frozen_layers: [2, 0], rank: [4, 16]}");

        Assert.Collection(
            plan.Preflights,
            full => Assert.Equal(("full", 32, 0), (full.Method, full.Settings.BatchSize, full.Settings.FrozenLayers)),
            lora => Assert.Equal(("lora", 32, 0, 16), (lora.Method, lora.Settings.BatchSize, lora.Settings.FrozenLayers, lora.Settings.Rank!.Value)));
        Assert.All(plan.Preflights, preflight => Assert.Equal(preflight.Settings, plan.Trials[preflight.Trial - 1].Settings));
    }

    [Theory]
    [InlineData("grid: {schedule: [cosine, warmup-stable-decay], decay_steps: [0.1, 0.2]}", 3, "decay_steps does not apply under the schedule cosine")]
    [InlineData("grid: {patience: [0, 2], min_delta: [0, 0.01]}", 3, "min_delta does not apply without patience")]
    [InlineData("grid: {accumulation: [1, 4], accumulation_mean: [rows, batches]}", 3, "accumulation_mean does not apply without accumulation")]
    [InlineData("head: label-tokens\ngrid: {method: [zero-shot, full], epochs: [1, 2, 3], seed: [1, 2]}", 7, "epochs does not apply under zero-shot")]
    [InlineData("grid: {head: [linear, trimmed], trim: [label-tokens, first-rows]}", 3, "trim does not apply under the linear head")]
    [InlineData("grid: {head: [label-tokens, generate], pooling: [cls, mean]}", 2, "pooling does not apply under the label-tokens head")]
    [InlineData("grid: {head: [label-tokens, generate], constrained: [true, false]}", 3, "constrained does not apply under the label-tokens head")]
    public void A_setting_without_a_meaning_makes_no_extra_trial(string lines, int trials, string says)
    {
        var plan = Plan(lines);

        Assert.Empty(plan.Errors);
        Assert.Equal(trials, plan.Trials.Count);
        Assert.Contains(plan.Merged, merged => merged.ToString().StartsWith(says, StringComparison.Ordinal));
    }

    [Fact]
    public void Most_steps_end_a_trial_and_zero_shot_has_none()
    {
        var plan = Plan("head: label-tokens\ntraining: {batch_size: 10, max_steps: 450}\ngrid: {method: [zero-shot, full], epochs: [1, 2]}");

        Assert.Equal([0, 300, 450], plan.Trials.Select(trial => trial.Steps).Order());
        Assert.Equal("zero-shot", plan.Trials[0].Settings.Method);
        Assert.Equal(plan.Trials[0].Settings with { Base = "", Template = "" }, plan.Trials[0].Settings with { Base = "", Template = "", LearningRate = 1e-3, Epochs = 3, BatchSize = 32, MaxSteps = 0 });
    }

    [Fact]
    public void Arms_stand_beside_the_grid_and_are_not_multiplied_by_it()
    {
        var plan = Plan("""
            head: label-tokens
            grid: {learning_rate: [1e-4, 1e-3], epochs: [1, 2]}
            arms:
              guess: {method: zero-shot}
              shown: {method: zero-shot, few_shot: 2}
              again: {learning_rate: 1e-3, epochs: 2}
              elsewhere: {external: {macro_f1: 0.91}}
            """);

        Assert.Empty(plan.Errors);
        Assert.Equal(6, plan.Trials.Count);
        Assert.Equal("""{"arm":"guess","method":"zero-shot"}""", plan.Trials[4].PointJson());
        Assert.Equal("""{"arm":"shown","method":"zero-shot","few_shot":2}""", plan.Trials[5].PointJson());
        Assert.Equal([0, 0], plan.Trials.TakeLast(2).Select(trial => trial.Steps));
        Assert.Equal(["learning_rate", "epochs", "arm", "method", "few_shot"], plan.Axes);
        Assert.Equal(plan.Axes, plan.Facts.Axes);
        Assert.Equal(new ExternalResult("elsewhere", 0.91, null, null), Assert.Single(plan.Facts.External));
        Assert.Contains("the arm 'again' is the same as another trial: it is not run twice", plan.Warnings);
        Assert.Equal(["full", "zero-shot"], plan.Preflights.Select(preflight => preflight.Method));
    }

    [Fact]
    public void Predictions_of_an_arm_count_as_they_were_scored()
    {
        var spec = Read("base: builtin:tiny-gemma3\ndata: {train: d.csv}\ntemplate: \"{text}\"\narms: {theirs: {external: theirs.csv}}\n");
        var scored = new ExternalResult("theirs", 0.5, 0.6, null, "theirs.csv");

        Assert.Equal(scored, Assert.Single(Planner.Plan(spec, Campaigns with { External = [scored] }, Gemma).Facts.External));
        Assert.Empty(Planner.Plan(spec, Campaigns, Gemma).Facts.External);
    }

    [Fact]
    public void Variants_are_put_in_the_order_of_the_labels()
    {
        var plan = Plan("""
            variants:
              boosted: {multiply_logit: {Over: 2.5}}
              calibrated: {temperature: fit}
            """);

        var variants = Assert.Single(plan.Trials).Settings.Variants!;
        Assert.Equal([1, 1, 2.5], variants[0].MultiplyLogit!);
        Assert.True(variants[1].FitsTemperature);
        Assert.Contains("'Up' is no label", Assert.Single(Plan("variants: {b: {multiply_logit: {Up: 2}}}").Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Rank_makes_no_extra_trial_under_full()
    {
        var plan = Plan("grid: {method: [full, lora], rank: [4, 16], learning_rate: [1e-4, 1e-3, 1e-2], epochs: [1, 3]}");

        Assert.Equal(24, plan.GridPoints);
        Assert.Equal(18, plan.Trials.Count);
        var merged = Assert.Single(plan.Merged);
        Assert.Equal("rank does not apply under full: 12 points merged into 6", merged.ToString());
        Assert.Empty(plan.NotApplying);
        Assert.DoesNotContain("rank", plan.Trials[0].PointJson(), StringComparison.Ordinal);
        Assert.Contains("\"rank\":4", plan.Trials[^1].PointJson().Replace("16", "4", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_method_has_its_own_settings_and_takes_no_others()
    {
        var plan = Plan(
            "max_length: 32\ngrid: {method: [full, lora, qlora, prefix, ia3, head-only], rank: [4, 16], virtual_tokens: [5, 9], double_quant: [false, true], frozen_layers: [0, 2]}");

        // rank and frozen layers count under lora, with double_quant under qlora, frozen layers alone under full and ia3.
        Assert.Equal(
            new Dictionary<string, int> { ["full"] = 2, ["lora"] = 4, ["qlora"] = 8, ["prefix"] = 2, ["ia3"] = 2, ["head-only"] = 1 },
            plan.Trials.GroupBy(trial => trial.Settings.Method).ToDictionary(group => group.Key, group => group.Count()));
        Assert.All(plan.Trials.Where(trial => trial.Settings.Method != "prefix"), trial => Assert.Equal(20, trial.Settings.VirtualTokens));
        Assert.All(plan.Trials.Where(trial => trial.Settings.Method is "prefix" or "head-only"), trial => Assert.Equal(0, trial.Settings.FrozenLayers));
    }

    [Fact]
    public void An_axis_that_applies_nowhere_is_named()
    {
        var plan = Plan("grid: {rank: [4, 8, 16], loss: [constrained, vocabulary]}");

        Assert.Single(plan.Trials);
        Assert.Equal(6, plan.GridPoints);
        Assert.Equal(["rank", "loss"], plan.NotApplying);
        Assert.Equal(
            ["rank does not apply under full: 6 points merged into 2", "loss does not apply under the linear head: 6 points merged into 3"],
            plan.Merged.Select(merged => merged.ToString()));
        Assert.Contains(plan.Warnings, warning => warning.StartsWith("rank applies to no trial", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_of_lora_applies_when_every_layer_is_frozen()
    {
        var plan = Plan("method: lora\ngrid: {frozen_layers: [2, 4], rank: [4, 8], alpha: [8, 16]}");

        Assert.Equal(8, plan.GridPoints);
        Assert.Equal(5, plan.Trials.Count);
        Assert.Equal("""{"frozen_layers":4}""", plan.Trials[^1].PointJson());
        Assert.Equal("rank does not apply when every layer is frozen: 4 points merged into 2", plan.Merged[0].ToString());
    }

    [Fact]
    public void A_conditional_axis_multiplies_only_where_its_condition_holds()
    {
        var plan = Plan("training: {warmup: 0.05}\ngrid: {warmup: {values: [0, 0.1, 0.2], when: {schedule: [cosine, linear]}}, schedule: [cosine, linear, constant]}");

        Assert.Equal(7, plan.Trials.Count);
        Assert.Equal(7, plan.GridPoints);
        Assert.Equal([0, 0.1, 0.2], plan.Trials.Where(trial => trial.Settings.Schedule == "cosine").Select(trial => trial.Settings.Warmup));
        var constant = Assert.Single(plan.Trials, trial => trial.Settings.Schedule == "constant");
        Assert.Equal(0.05, constant.Settings.Warmup);
        Assert.Equal("""{"schedule":"constant"}""", constant.PointJson());
    }

    [Fact]
    public void A_condition_on_what_does_not_apply_fails()
    {
        // rank stands at 16 in some full points, but means nothing there: alpha must not multiply them.
        var plan = Plan("grid: {method: [full, lora], alpha: {values: [1, 2], when: {rank: 16}}, rank: [8, 16]}");

        Assert.Equal(["full", "lora", "lora", "lora"], plan.Trials.Select(trial => trial.Settings.Method));
        Assert.Equal([16.0, 2.0, 1.0], plan.Trials.Where(trial => trial.Settings.Method == "lora").Select(trial => trial.Settings.Alpha!.Value).OrderDescending());
    }

    [Fact]
    public void Seeds_multiply_the_grid_and_are_its_last_axis()
    {
        var plan = Plan("grid: {epochs: [1, 3]}\nseeds: [5, 6, 7]");

        Assert.Equal([(1, 5), (1, 6), (1, 7), (3, 5), (3, 6), (3, 7)], plan.Trials.Select(trial => (trial.Settings.Epochs, trial.Settings.Seed)));
        Assert.Equal(["epochs", "seed"], plan.Axes);
        Assert.Equal("""{"epochs":1,"seed":5}""", plan.Trials[0].PointJson());
        Assert.Equal(9, Assert.Single(Plan("seeds: [9]").Trials).Settings.Seed);
    }

    [Theory]
    [InlineData(3_000, 32, 1, 1, 94)]
    [InlineData(3_000, 32, 1, 3, 282)]
    [InlineData(3_000, 32, 4, 3, 72)]
    [InlineData(32, 32, 1, 1, 1)]
    [InlineData(33, 32, 1, 1, 2)]
    [InlineData(33, 32, 2, 5, 5)]
    [InlineData(1, 64, 8, 2, 2)]
    public void Steps_are_counted_over_batches_accumulation_and_epochs(int rows, int batch, int accumulation, int epochs, int steps)
    {
        var data = Campaigns with { Rows = new Dictionary<string, int> { ["train"] = rows, ["validation"] = 10 } };

        var plan = Planner.Plan(Read(Yaml($"training: {{batch_size: {batch}, accumulation: {accumulation}, epochs: {epochs}}}")), data, Gemma);

        Assert.Equal(steps, plan.Trials[0].Steps);
        Assert.Equal(steps, plan.TotalSteps);
    }

    [Fact]
    public void The_estimate_follows_the_seconds_of_each_methods_step()
    {
        var spec = Read(Yaml("grid: {method: [full, lora], epochs: [1, 2]}"));

        var unknown = Planner.Plan(spec, Campaigns, Gemma, new Dictionary<string, double> { ["full"] = 0.01 });
        var slow = Planner.Plan(spec, Campaigns, Gemma, new Dictionary<string, double> { ["full"] = 0.02, ["lora"] = 0.01 });
        var fast = Planner.Plan(spec, Campaigns, Gemma, new Dictionary<string, double> { ["full"] = 0.01, ["lora"] = 0.01 });

        Assert.Null(unknown.TrainerSeconds);
        Assert.Null(unknown.WallSeconds(2));
        Assert.Equal(2, slow.Trials[0].Seconds!.Value / fast.Trials[0].Seconds!.Value, 6);
        Assert.Equal(slow.Trials[1].Seconds!.Value, 2 * slow.Trials[0].Seconds!.Value, 6);

        // Steps at 0.01 s, and the evaluation of a fifth as many rows, forwards only.
        Assert.InRange(fast.Trials[0].Seconds!.Value, 0.94 * 1.02, 0.94 * 1.2);
        Assert.Equal(fast.Trials.Sum(trial => trial.Seconds!.Value), fast.WallSeconds(1)!.Value, 9);
        Assert.InRange(fast.WallSeconds(2)!.Value, fast.TrainerSeconds!.Value / 2, fast.TrainerSeconds.Value * 0.75);
        Assert.Equal(fast.Trials.Max(trial => trial.Seconds!.Value), fast.WallSeconds(64)!.Value, 9);
    }

    [Fact]
    public void Class_weights_and_label_texts_come_in_label_order()
    {
        var plan = Plan("""
            head: label-tokens
            label_texts: {Over: "high", Under: "low"}
            training: {class_weights: {Over: 3, Under: 1, Average: 2}}
            grid: {head: [label-tokens, linear]}
            """);

        Assert.Equal(["low", "Average", "high"], plan.Trials[0].Settings.LabelTexts!.Select(text => text.First));
        Assert.Null(plan.Trials[1].Settings.LabelTexts);
        Assert.All(plan.Trials, trial => Assert.Equal(("custom", "1 2 3"), (trial.Settings.ClassWeights, string.Join(' ', trial.Settings.CustomClassWeights!))));
    }

    [Fact]
    public void Settings_survive_their_json()
    {
        var plan = Plan("method: lora\nlora: {target_modules: [v_proj, q_proj], dropout: 0.1}\ngrid: {learning_rate: [3e-4]}");
        var json = SweepsJson.Write(plan.Trials[0].Settings);

        Assert.Equal(json, SweepsJson.Write(SweepsJson.Read<TrialSettings>(json)));
        Assert.Contains("\"target_modules\":[\"q_proj\",\"v_proj\"]", json, StringComparison.Ordinal);
    }

    private static SweepPlan Plan(string lines) => Planner.Plan(Read(Yaml(lines)), Campaigns, Gemma);

    private static string Yaml(string lines) =>
        "base: builtin:tiny-gemma3\ndata: {train: builtin:campaigns/V25}\ntemplate: \"{text}\"\n" + lines;

    private static SweepSpec Read(string yaml)
    {
        var result = SpecReader.Read(yaml, "grid.yaml");
        Assert.Empty(result.Errors);
        return result.Spec!;
    }
}
