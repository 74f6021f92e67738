using Sweeps.Core.Api;
using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Training;
using Sweeps.Training.Export;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Export;

/// <summary>What the README.md of an export tells.</summary>
public sealed class ModelCardTests : IDisposable
{
    private static readonly ModelOrigin Origin = new()
    {
        Version = "1.2.3",
        Sweep = "tiny-1a2b3c4d",
        Name = "tiny",
        Fingerprint = new string('f', 64),
        Trial = 4,
        Trials = 12,
        Chosen = true,
        Point = new Dictionary<string, string> { ["learning_rate"] = "3e-3" },
        Metric = "macro_f1",
        Attempts = 2,
        Seconds = 12.34,
        Machine = "2.10.0 AVX512 1",
        CheckpointSha256 = new string('c', 64),
        Validation = new Scores(20, 0.5, 0.9, 0.875, new Dictionary<string, double> { ["Under"] = 0.9, ["Over"] = 0.8 }),
        Test = new Scores(20, 0.6, 0.8, 0.75, new Dictionary<string, double> { ["Under"] = 0.7 }),
        Files = [new("train", "train.csv", new string('a', 64), 100), new("test", "test.csv", new string('b', 64), 10)],
        BaseFiles = [new("base", "config.json", new string('d', 64), 7)],
        Rows = new Dictionary<string, int> { ["train"] = 1350, ["validation"] = 150, ["test"] = 40 },
        ClassCounts = new Dictionary<string, int> { ["Under"] = 500, ["Average"] = 450, ["Over"] = 400 },
    };

    private readonly TrialWorkplace _place = new(40, 12, 12);

    public void Dispose() => _place.Dispose();

    [Fact]
    public void Data_results_settings_and_history_are_told()
    {
        var card = Card(TrialWorkplace.Settings with { LabelSmoothing = 0.1 }, Origin);

        Assert.StartsWith("---\nlibrary_name: transformers\npipeline_tag: text-classification\ntags:\n- sweeps\n", card, StringComparison.Ordinal);
        Has(card, "- name: \"tiny-1a2b3c4d-trial-4\"");
        Has(card, "      split: test\n    metrics:\n    - type: f1\n      name: Macro F1\n      value: 0.75\n");
        Has(card, $"| train | train.csv | 1,350 | `{new string('a', 64)}` |");
        Has(card, "| validation | split off the training file (a share of 0.1) | 150 | – |");
        Has(card, "| test | 40 | 0.7500 | 0.8000 | 0.6000 |");
        Has(card, "The test rows were scored once");
        Has(card, "| Under | 0.9000 | 0.7000 |");
        Has(card, "| Average | – | – |");
        Has(card, "| Average | 450 |");
        Has(card, "Sweeps 1.2.3: sweep `tiny-1a2b3c4d` (\"tiny\"), trial 4 of 12 (learning_rate 3e-3), the sweep's choice by macro_f1.");
        Has(card, "12.3 s of training in 2 attempts");
        Has(card, "LibTorch 2.10.0 AVX512 1");
        Has(card, "| label_smoothing | 0.1 |");
        Has(card, "| learning_rate | 0.003 |");
        Assert.DoesNotContain("focal_gamma", card, StringComparison.Ordinal);
        Has(card, $"| config.json | 7 | `{new string('d', 64)}` |");
    }

    [Theory]
    [InlineData(false, true, "The test rows had not been scored")]
    [InlineData(false, false, "There was no test split")]
    public void What_was_not_scored_is_said(bool scored, bool hasTest, string said)
    {
        var rows = new Dictionary<string, int> { ["train"] = 10, ["validation"] = 2, ["test"] = hasTest ? 2 : 0 };
        var card = Card(TrialWorkplace.Settings, Origin with { Chosen = false, Test = scored ? Origin.Test : null, Rows = rows });
        Has(card, said);
        Has(card, "had not chosen this trial");
        Assert.DoesNotContain("      split: test", card, StringComparison.Ordinal);
    }

    [Fact]
    public void A_decision_that_is_not_in_the_weights_is_told_with_the_scores_it_gave()
    {
        var settings = TrialWorkplace.Settings with { Variants = [new VariantSettings { Name = "boosted", MultiplyLogit = [1, 1, 2] }] };
        var boosted = Origin.Test! with { Variant = "boosted" };
        var card = Card(settings, Origin with
        {
            Validation = Origin.Validation! with { Variant = "boosted" },
            Test = boosted,
            Tests = [Origin.Test! with { MacroF1 = 0.5 }, boosted],
        });
        Has(card, "| validation (decision `boosted`) | 150 | 0.8750 |");
        Has(card, "| test (decision `boosted`) | 40 | 0.7500 |");
        Has(card, "| test | 40 | 0.5000 |");
        Has(card, "results are of the decision `boosted: multiply_logit {Over: 2}`, which is made of");
        Has(card, "takes the highest score as it is");
        Has(card, "| variants | `boosted: multiply_logit {Over: 2}` |");
        Assert.DoesNotContain("uses_scores", card, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_several_labels_weighs_each_by_itself()
    {
        var card = Card(TrialWorkplace.Settings with { Data = TrialWorkplace.Settings.Data with { LabelSeparator = "|" } }, Origin);
        Has(card, "any number of 3 labels");
        Has(card, "logits.float().sigmoid()");
        Has(card, "if p >= 0.5]");
        Assert.DoesNotContain("softmax", card, StringComparison.Ordinal);
        Has(File.ReadAllText(Path.Combine(_place["export"], "config.json")), "\"problem_type\": \"multi_label_classification\"");
    }

    [Fact]
    public void Variants_of_several_labels_a_row_are_told_as_the_spec_writes_them_with_what_was_fitted()
    {
        var settings = TrialWorkplace.Tags with
        {
            Variants =
            [
                new VariantSettings { Name = "boosted", MultiplyLogit = [1, 2.5, 1, 1], AddLogPrior = -1 },
                new VariantSettings { Name = "calibrated", FitsTemperature = true },
            ],
        };
        var card = Card(settings, Origin with { Validation = Origin.Validation! with { Variant = "calibrated", MicroF1 = 0.625 }, Test = null });
        Assert.Matches(@"of the decision `calibrated: temperature fit \(\d+(\.\d+)?\)`, which is made of", card);
        Assert.Matches(@"\| variants \| `boosted: multiply_logit \{goods: 2.5\}, add_log_prior -1`; `calibrated: temperature fit \(", card);
        Has(card, "names every label whose probability is at least 0.5");
        Assert.DoesNotContain("takes the highest score", card, StringComparison.Ordinal);
        Assert.DoesNotContain("fits_temperature", card, StringComparison.Ordinal);
        Has(card, "| split | rows | macro F1 | micro F1 | accuracy | loss |\n|---|---:|---:|---:|---:|---:|\n");
        Has(card, "| validation (decision `calibrated`) | 150 | 0.8750 | 0.6250 | 0.9000 |");
        Has(card, "      name: Micro F1\n      value: 0.625\n");
    }

    [Fact]
    public void Rows_of_one_label_have_no_micro_f1() =>
        Assert.DoesNotContain("icro F1", Card(TrialWorkplace.Settings, Origin), StringComparison.Ordinal);

    [Fact]
    public void A_decision_that_only_writes_otherwise_is_not_said_to_be_made_of_scores()
    {
        var settings = TrialWorkplace.Settings with { Head = "generate", Variants = [new VariantSettings { Name = "free", Constrained = false }] };
        var card = Card(settings, Origin with { Validation = Origin.Validation! with { Variant = "free" } });
        Has(card, "of the decision `free: constrained false`, which is not in the weights: the code above writes with constrained true.");
        Assert.DoesNotContain("made of the model's scores", card, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_record_the_card_says_so()
    {
        var card = Card(TrialWorkplace.Settings, null);
        Has(card, "exported from a checkpoint alone");
        Assert.DoesNotContain("model-index", card, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_says_where_its_base_is_and_that_a_path_is_only_this_machines()
    {
        var card = Card(TrialWorkplace.Lora with { Epochs = 1 }, Origin);
        Has(card, "library_name: peft");
        Has(card, "from peft import PeftModel");
        Has(card, "from_pretrained(\"path/of/gemma3\", dtype=torch.float32, num_labels=3)");
        Has(card, $"by its path on the machine that made this export (`{_place["gemma3"]}`)");
        Has(card, "on another machine that path means nothing");
        Assert.DoesNotContain("\nbase_model:", card, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("linear", "full", "AutoModelForSequenceClassification", "text-classification")]
    [InlineData("trimmed", "lora", "AutoModelForSequenceClassification", "text-classification")]
    [InlineData("label-tokens", "full", "AutoModelForCausalLM", "text-generation")]
    [InlineData("generate", "lora", "AutoModelForCausalLM", "text-generation")]
    public void Each_head_is_read_by_its_own_class(string head, string method, string type, string task)
    {
        var card = Card(TrialWorkplace.Settings with { Head = head, Method = method, Rank = method == "lora" ? 4 : null, Epochs = 1 }, Origin);
        Has(card, $"{type}.from_pretrained(");
        Has(card, $"pipeline_tag: {task}\n");
        Assert.Equal(head == "generate", card.Contains("prefix_allowed_tokens_fn=allowed", StringComparison.Ordinal));
        Assert.Equal(head == "label-tokens", card.Contains("tokens = {\"Under\": [", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/data/hub/models--google--gemma-3-270m/snapshots/0123456789abcdef0123456789abcdef01234567", "google/gemma-3-270m", "google/gemma-3-270m")]
    [InlineData("/data/hub/models--gpt2/snapshots/0123456789abcdef0123456789abcdef01234567/", "gpt2", "gpt2")]
    [InlineData("/data/models/my-gemma/", "my-gemma", null)]
    public void A_base_in_the_hubs_cache_is_known_by_its_id(string folder, string name, string? id)
    {
        var identity = BaseIdentity.Of(folder, folder);
        Assert.Equal((name, id), (identity.Name, identity.HubId));
        Assert.Equal(id is null ? null : "0123456789abcdef0123456789abcdef01234567", identity.Revision);
        Assert.True(BaseIdentity.Of("builtin:tiny-gemma3", folder).IsBuiltin);
    }

    [Fact]
    public void Names_and_texts_of_any_kind_do_not_break_the_card()
    {
        var settings = TrialWorkplace.Settings with
        {
            Epochs = 1,
            Template = "say \"{audience}\" \\ {brand}\n```\n{creative} {platform} {geography} Label:",
        };
        var card = Card(settings, Origin with { Name = "a \"b\" | c", Sweep = "x\"y" });
        Has(card, "- name: \"x\\\"y-trial-4\"");
        Has(card, "prompt = \"say \\\"{audience}\\\" \\\\ {brand}\\n```\\n{creative} {platform} {geography} Label:\"");
        Has(card, "````text\nsay");
    }

    private static void Has(string card, string text) => Assert.Contains(text, card, StringComparison.Ordinal);

    private string Card(TrialSettings settings, ModelOrigin? origin)
    {
        var link = new RecordingLink();
        TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 1, settings with { Epochs = 1 }), link);
        var trained = new TrainedModel(settings with { Epochs = 1 }, _place["gemma3"], link.Offers[^1].Checkpoint!.Directory);
        ModelExporter.Export(trained, _place["export"], new ExportOptions { Origin = origin });
        return File.ReadAllText(Path.Combine(_place["export"], "README.md"));
    }
}
