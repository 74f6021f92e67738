using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Models.Safetensors;
using Sweeps.Training;
using Sweeps.Training.Export;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Export;

/// <summary>Cards of adapters whose head no class of Transformers reads, and of bases that come with a generation_config.json.</summary>
public sealed class OddHeadCardTests : IDisposable
{
    private const string Generation = "generation_config.json";

    private readonly TrialWorkplace _place = new(40, 12, 12);

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("t5", "auto", "T5EncoderModel.from_pretrained(\"path/of/t5\", dtype=torch.float32)", "(output.last_hidden_state * mask).sum(1) / mask.sum(1)")]
    [InlineData("bert", "cls", "AutoModelForSequenceClassification.from_pretrained(\"path/of/bert\", dtype=torch.float32, num_labels=3)", "output.last_hidden_state[:, 0]")]
    public void An_adapters_head_is_read_from_its_own_file(string model, string pooling, string load, string vector)
    {
        var card = Export(model, TrialWorkplace.Settings with { Method = "lora", Rank = 4, Pooling = pooling });
        Has(card, load);
        Has(card, "PeftModel.from_pretrained(base, folder).get_base_model().base_model.eval()");
        Has(card, vector);
        Has(card, "No class of Transformers or PEFT reads this head");
        Assert.DoesNotContain(".logits", card, StringComparison.Ordinal);
        Assert.DoesNotContain("Load it with PEFT as shown above", card, StringComparison.Ordinal);
        Assert.DoesNotContain("--merge", card, StringComparison.Ordinal);
        using var weights = SafetensorsFile.Open(Path.Combine(_place["export"], "adapter_model.safetensors"));
        foreach (var name in (string[])["base_model.model.classifier.weight", "base_model.model.classifier.bias"])
        {
            Has(card, $"head[\"{name}\"]");
            Assert.Contains(name, weights.Tensors.Keys);
        }
    }

    [Fact]
    public void A_base_that_can_be_told_of_pooling_is_told_of_the_adapters()
    {
        var card = Export("modernbert", TrialWorkplace.Settings with { Method = "lora", Rank = 4, Pooling = "mean" });
        Has(card, "dtype=torch.float32, num_labels=3, classifier_pooling=\"mean\")");
        Has(card, "model(**inputs).logits[0]");
        Assert.DoesNotContain("No class of Transformers", card, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t5", "generate", "full", false, true)]
    [InlineData("gemma3", "generate", "lora", true, true)]
    [InlineData("gemma3", "label-tokens", "full", false, true)]
    [InlineData("gemma3", "linear", "full", false, false)]
    public void What_a_base_says_of_writing_goes_with_models_that_write(string model, string head, string method, bool merge, bool goes)
    {
        const string Says = """{"eos_token_id": [1, 106], "repetition_penalty": 1.1, "num_beams": 1}""";
        File.WriteAllText(Path.Combine(_place[model], Generation), Says);
        var card = Export(model, TrialWorkplace.Settings with { Head = head, Method = method, Rank = method == "lora" ? 4 : null }, merge);
        var copy = Path.Combine(_place["export"], Generation);
        Assert.Equal(goes, File.Exists(copy));
        Assert.Equal(
            model == "t5",
            card.Contains(", repetition_penalty=1.0, decoder_start_token_id=0, prefix_allowed_tokens_fn", StringComparison.Ordinal));
        if (goes)
        {
            Assert.Equal(Says, File.ReadAllText(copy));
        }
    }

    [Theory]
    [InlineData("""{"eos_token_id": 1}""", "# generation_config.json ends texts at 1, a label ends with 257", "")]
    [InlineData("""{"eos_token_id": [1, 3], "repetition_penalty": 1.1}""", "# generation_config.json ends texts at [1,3], a label ends with 257", ", repetition_penalty=1.0")]
    [InlineData("""{"eos_token_id": [1, 257], "num_beams": 4}""", null, ", num_beams=1")]
    [InlineData("""{"eos_token_id": 257, "num_beams": 1}""", null, "")]
    public void A_turns_end_that_the_base_does_not_end_at_is_said(string says, string? comment, string arguments)
    {
        File.WriteAllText(Path.Combine(_place[TrialWorkplace.Chat], Generation), says);
        var card = Export(TrialWorkplace.Chat, TrialWorkplace.Settings with { Head = "generate", Chat = true, MaxLength = 120 });
        Has(card, $"eos_token_id=257, pad_token_id=257{arguments}, prefix_allowed_tokens_fn");
        Assert.Equal(comment is not null, card.Contains("# generation_config.json ends texts", StringComparison.Ordinal));
        Assert.Contains(comment ?? "eos_token_id=257", card, StringComparison.Ordinal);
    }

    private static void Has(string card, string text) => Assert.Contains(text, card, StringComparison.Ordinal);

    private string Export(string model, TrialSettings settings, bool merge = false)
    {
        settings = settings with { Epochs = 1 };
        var link = new RecordingLink();
        TrialWorkplace.Run(_place.Assign(model, JobId.Train("s", 1), 1, settings), link);
        var trained = new TrainedModel(settings, _place[model], link.Offers[^1].Checkpoint!.Directory);
        ModelExporter.Export(trained, _place["export"], new ExportOptions { Merge = merge });
        return File.ReadAllText(Path.Combine(_place["export"], "README.md"));
    }
}
