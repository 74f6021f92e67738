using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sweeps.Models.Safetensors;
using Sweeps.Torch.Tests.Models;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Export;

/// <summary>
/// The exports that are committed in tests/Exports: loaded afresh they give the logits of their expected.json. With
/// SWEEPS_RECORD_EXPORTS=1 those files are written instead (make.sh there does so).
/// </summary>
public sealed class CommittedExportTests(ITestOutputHelper output)
{
    private const float Tolerance = 1e-5f;
    private const long MostBytes = 300_000;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Texts of several lengths; words that the vocabulary lacks; padding for a batch of them.</summary>
    private static readonly string[] Texts =
    [
        "audience mostly students brand now espresso creative just video platform still radio geography 10001 10025 Label:",
        "audience mostly families brand now tea creative just banner platform still print geography 10001 10025 Label:",
        "audience students brand espresso creative video platform radio geography 10001 Label:",
        "audience mostly students",
        "Label:",
        "a text of other words",
        "audience brand creative platform geography Label: audience brand creative platform geography Label:",
        "espresso, espresso; espresso! 10001",
    ];

    private static string Root => Path.Combine(SharedFiles.RepositoryRoot(), "tests", "Exports");

    [Theory]
    [InlineData("full")]
    [InlineData("lora")]
    [InlineData("merged")]
    public void An_export_gives_its_logits_when_it_is_loaded_again(string name)
    {
        var folder = Path.Combine(Root, name);
        var file = Path.Combine(folder, "expected.json");
        using var model = ExportedClassifier.Load(folder);
        if (Environment.GetEnvironmentVariable("SWEEPS_RECORD_EXPORTS") == "1")
        {
            Record(model, file);
        }

        var expected = JsonSerializer.Deserialize<Expected>(File.ReadAllText(file), Json)!;
        Assert.Equal(Texts, expected.Texts.Select(text => text.Text));
        Assert.Equal(expected.Labels, model.Labels);
        Assert.All(expected.Texts, text => Assert.Equal(text.InputIds, model.Tokenizer.Encode(text.Text)));

        var alone = expected.Texts.Select(text => model.Logits([text.InputIds])[0]).ToArray();
        var together = model.Logits([.. expected.Texts.Select(text => text.InputIds)]);
        var worst = Math.Max(Worst(expected, alone), Worst(expected, together));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: worst logit {worst:0.0e+0} of {Tolerance:0.0e+0}"));
        Assert.True(worst <= Tolerance, $"{name}: a logit differs by {worst}");

        // They tell texts and labels apart: a model that says the same of everything would prove little.
        Assert.All(expected.Texts.Skip(1), text => Assert.NotEqual(expected.Texts[0].Logits, text.Logits));
    }

    [Fact]
    public void The_merged_export_gives_what_the_adapter_gives()
    {
        using var adapter = ExportedClassifier.Load(Path.Combine(Root, "lora"));
        using var merged = ExportedClassifier.Load(Path.Combine(Root, "merged"));
        foreach (var text in Texts)
        {
            var ids = adapter.Tokenizer.Encode(text);
            Assert.All(adapter.Logits([ids])[0].Zip(merged.Logits([ids])[0]), pair => Assert.Equal(pair.First, pair.Second, 2e-5f));
        }
    }

    [Fact]
    public void Names_and_configs_are_those_that_the_libraries_read()
    {
        var full = Config("full", "config.json");
        Assert.Equal("Gemma3TextForSequenceClassification", full.GetProperty("architectures")[0].GetString());
        Assert.Equal("gemma3_text", full.GetProperty("model_type").GetString());
        Assert.Equal(("float32", 0), (full.GetProperty("dtype").GetString(), full.GetProperty("pad_token_id").GetInt32()));
        Assert.False(full.TryGetProperty("torch_dtype", out _));
        Assert.Equal("Under", full.GetProperty("id2label").GetProperty("2").GetString());
        Assert.Equal("PreTrainedTokenizerFast", Config("full", "tokenizer_config.json").GetProperty("tokenizer_class").GetString());
        Assert.Equal(Names("full", "model.safetensors"), Names("merged", "model.safetensors"));
        Assert.Contains("score.weight", Names("full", "model.safetensors"));
        Assert.Contains("model.layers.1.self_attn.q_norm.weight", Names("full", "model.safetensors"));
        Assert.DoesNotContain("lm_head.weight", Names("full", "model.safetensors"));

        var lora = Config("lora", "adapter_config.json");
        Assert.Equal(("LORA", "SEQ_CLS", "base"), (
            lora.GetProperty("peft_type").GetString(),
            lora.GetProperty("task_type").GetString(),
            lora.GetProperty("base_model_name_or_path").GetString()));
        Assert.Equal(["classifier", "score"], lora.GetProperty("modules_to_save").EnumerateArray().Select(name => name.GetString()));
        Assert.Contains("base_model.model.model.layers.0.mlp.down_proj.lora_A.weight", Names("lora", "adapter_model.safetensors"));
        Assert.Contains("base_model.model.score.weight", Names("lora", "adapter_model.safetensors"));
        Assert.Equal((2 * 7 * 2) + 1, Names("lora", "adapter_model.safetensors").Count());
        Assert.Equal("Average", Config("lora/base", "config.json").GetProperty("id2label").GetProperty("0").GetString());
    }

    [Fact]
    public void They_are_small_and_name_no_machine()
    {
        var files = new[] { "full", "lora", "merged" }
            .SelectMany(name => Directory.EnumerateFiles(Path.Combine(Root, name), "*", SearchOption.AllDirectories))
            .ToList();
        var bytes = files.Sum(file => new FileInfo(file).Length);
        output.WriteLine($"{files.Count} files, {bytes} bytes");
        Assert.InRange(bytes, 1, MostBytes);
        Assert.All(files.Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal)), file =>
        {
            var text = File.ReadAllText(file);
            Assert.DoesNotContain("/tmp/", text, StringComparison.Ordinal);
            Assert.DoesNotContain("/home/", text, StringComparison.Ordinal);
            Assert.DoesNotContain(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + "/", text, StringComparison.Ordinal);
        });
    }

    private static void Record(ExportedClassifier model, string file)
    {
        var texts = Texts.Select(text =>
        {
            var ids = model.Tokenizer.Encode(text);
            return new ExpectedText(text, ids, model.Logits([ids])[0]);
        });
        File.WriteAllText(file, JsonSerializer.Serialize(new Expected(model.Labels, [.. texts]), Json) + "\n");
    }

    private static float Worst(Expected expected, float[][] found) =>
        expected.Texts.Zip(found).Max(pair => pair.First.Logits.Zip(pair.Second).Max(logit => Math.Abs(logit.First - logit.Second)));

    private static JsonElement Config(string name, string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, name, file)));
        return document.RootElement.Clone();
    }

    private static IEnumerable<string> Names(string name, string file)
    {
        using var weights = SafetensorsFile.Open(Path.Combine(Root, name, file));
        return [.. weights.Tensors.Keys.Order(StringComparer.Ordinal)];
    }

    private sealed record Expected(IReadOnlyList<string> Labels, IReadOnlyList<ExpectedText> Texts);

    private sealed record ExpectedText(string Text, int[] InputIds, float[] Logits);
}
