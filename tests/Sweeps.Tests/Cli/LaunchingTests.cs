using Sweeps.Cli;
using Sweeps.Cli.Launching;
using Sweeps.Core.Api;
using Sweeps.Core.Spec;
using Sweeps.Data.Guess;
using Sweeps.Data.Readers;
using Sweeps.Tests.Storage;

namespace Sweeps.Tests.Cli;

/// <summary>From files to what is launched: every refusal names the spec's place.</summary>
public sealed class LaunchingTests : IDisposable
{
    private const string Spec = """
        name: tiny
        base: builtin:tiny-gemma3
        data:
          train: train.csv
          validation: 0.2
          label: label
        template: "{text}"
        """;

    private readonly TemporaryFolder _folder = new();

    public LaunchingTests() =>
        File.WriteAllLines(_folder["train.csv"], ["text,label", .. Enumerable.Range(0, 50).Select(i => $"some words {i},{(i % 2 == 0 ? "yes" : "no")}")]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_base_that_is_asked_for_must_be_one()
    {
        Assert.True(BaseGuess.Asked("builtin:tiny-gemma3").IsTiny);
        Assert.Contains("there is no folder", Assert.Throws<CliException>(() => BaseGuess.Asked(_folder["nope"])).Message, StringComparison.Ordinal);
        Assert.Contains("no config.json", Assert.Throws<CliException>(() => BaseGuess.Asked(_folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["config.json"], "{}");
        Assert.Equal((_folder.Path, false), (BaseGuess.Asked(_folder.Path).Base, BaseGuess.Asked(_folder.Path).IsTiny));
    }

    [Fact]
    public void A_base_of_an_unknown_family_is_refused_with_the_nearest()
    {
        File.WriteAllText(_folder["config.json"], """{"model_type": "qwen_3"}""");
        Assert.Contains("model_type 'qwen_3' is not known; did you mean 'qwen3'?", Assert.Throws<CliException>(() => BaseGuess.Asked(_folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["config.json"], """{"model_type": "t5"}""");
        Assert.Equal(("t5", "as asked (t5)"), (BaseGuess.Asked(_folder.Path).Family, BaseGuess.Asked(_folder.Path).Why));
    }

    [Fact]
    public void What_the_cache_holds_is_a_base_when_it_is_whole_and_of_a_known_family()
    {
        void Model(string name, string config, params string[] files)
        {
            var folder = Directory.CreateDirectory(_folder[$"hub/models--{name}/snapshots/1"]).FullName;
            File.WriteAllText(Path.Combine(folder, "config.json"), config);
            Array.ForEach(files, file => File.WriteAllText(Path.Combine(folder, file), file));
        }

        Assert.Empty(BaseGuess.Cached(_folder["hub"]));
        Model("a", """{"model_type": "modernbert"}""", "model.safetensors", "tokenizer.json");
        Model("b", """{"model_type": "t5"}""", "model-1.safetensors", "model-2.safetensors", "spiece.model");
        Model("words", """{"model_type": "bert"}""", "model.safetensors");
        Model("weights", """{"model_type": "bert"}""", "pytorch_model.bin", "tokenizer.json");
        Model("mamba", """{"model_type": "mamba"}""", "model.safetensors", "tokenizer.json");
        Model("small", """{"model_type": "llama", "quantization_config": {}}""", "model.safetensors", "tokenizer.json");
        Model("broken", "{", "model.safetensors", "tokenizer.json");
        Model("list", "[]", "model.safetensors", "tokenizer.json");

        Assert.Equal([("modernbert", 17L), ("t5", 38L)], BaseGuess.Cached(_folder["hub"]).Select(found => (found.Family, found.Bytes)).Order());
    }

    [Theory]
    [InlineData("qwen3", "label-tokens, trimmed, generate", "rslora, dora, qlora, prefix, prompt, ia3, head-only", true)]
    [InlineData("mistral", "label-tokens, trimmed, generate", "rslora, dora, qlora, prefix, prompt, ia3, head-only", false)]
    [InlineData("t5", "generate", "rslora, dora, qlora, head-only", false)]
    [InlineData("modernbert", null, "rslora, dora, qlora, head-only", false)]
    public void Init_names_the_heads_and_methods_of_the_base(string family, string? heads, string methods, bool chats)
    {
        var guess = DataGuesser.Guess(DataReader.Read(_folder["train.csv"]));
        var yaml = InitSpec.Write(guess, "data.csv", null, new BaseGuess("models/x", IsTiny: false, Found: true, "as asked", family));

        Assert.Contains(heads is null ? "# a new layer; an encoder has no other\n" : $"# of this base also: {heads} (", yaml, StringComparison.Ordinal);
        Assert.Contains($"method: [full, lora]          # of this base also: {methods}\n", yaml, StringComparison.Ordinal);
        Assert.Equal((chats, heads is null), (yaml.Contains("# chat: true", StringComparison.Ordinal), yaml.Contains("# pooling: mean", StringComparison.Ordinal)));

        // What it shows as a comment is good too.
        var shown = SpecReader.Read(yaml.Replace("# chat", "chat", StringComparison.Ordinal).Replace("# pooling", "pooling", StringComparison.Ordinal).Replace("# arms", "arms", StringComparison.Ordinal), "grid.yaml");
        Assert.Empty(shown.Errors);
    }

    [Fact]
    public void A_share_is_taken_as_the_trainer_takes_it_and_rows_are_limited_by_class()
    {
        var facts = Read(Spec.Replace("label: label", "label: label\n  max_rows: 20", StringComparison.Ordinal)).Facts;
        Assert.Equal((20, 10), (facts.Rows["train"], facts.Rows["validation"]));
        Assert.Equal(["no", "yes"], facts.Labels.Order());
    }

    [Fact]
    public void Rows_that_are_trained_on_and_judged_by_are_told()
    {
        Assert.Empty(Read(Spec).Warnings);
        Assert.Contains(
            Read(Spec.Replace("validation: 0.2", "validation: train.csv", StringComparison.Ordinal)).Warnings,
            warning => warning.StartsWith("50 of the 50 validation rows are training rows too", StringComparison.Ordinal));
    }

    [Fact]
    public void A_template_that_is_only_swept_is_checked_too()
    {
        var swept = Spec.Replace("template: \"{text}\"", "grid:\n  template: [\"{text}\", \"say: {text}\"]", StringComparison.Ordinal);
        Assert.Equal("{text}", Read(swept).Template);
        Assert.Contains("grid.yaml:", Refused(swept.Replace("say: {text}", "say: {txet}", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{text}", "{txt}", "grid.yaml:7:11: the template names the column 'txt', which the data do not have; did you mean 'text'?")]
    [InlineData("label: label", "label: lable", "grid.yaml:6:10: the data have no column 'lable'; did you mean 'label'?")]
    [InlineData("train: train.csv", "train: trian.csv", "grid.yaml:4:10: ")]
    [InlineData("train: train.csv", "train: trian.csv", "Did you mean 'train.csv'?")]
    [InlineData("validation: 0.2", "validation: other.csv", "grid.yaml:5:15: ")]
    public void What_the_data_lack_is_named_at_its_place(string right, string wrong, string expected) =>
        Assert.Contains(expected, Refused(Spec.Replace(right, wrong, StringComparison.Ordinal)), StringComparison.Ordinal);

    [Fact]
    public void Built_in_data_are_named_and_not_their_temporary_files()
    {
        var builtin = """
            base: builtin:tiny-gemma3
            data: {train: "builtin:campaigns/V25"}
            template: "{nope}"
            """;
        var message = Refused(builtin);
        Assert.Contains("grid.yaml:3:11: the template names the column 'nope'", message, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder.Path, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train.csv", "'train.csv' is a file")]
    [InlineData("modle", "there is no folder 'modle'")]
    [InlineData("modle", "did you mean 'model'?")]
    [InlineData("https://hf.co/x/y", "nothing is downloaded here")]
    public void A_base_that_is_no_folder_is_refused_at_its_place(string asked, string expected)
    {
        Directory.CreateDirectory(_folder["model"]);
        var file = new SpecFile("grid.yaml", _folder.Path, Spec.Replace("builtin:tiny-gemma3", asked, StringComparison.Ordinal));
        var spec = file.Read();
        var refusal = BaseFolder.Refusal(spec, file.AbsoluteBase(spec))?.ToString();
        Assert.StartsWith("grid.yaml:2:7: ", refusal, StringComparison.Ordinal);
        Assert.Contains(expected, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("quickstrat", "Did you mean the built-in example 'quickstart'?")]
    [InlineData("", "there is no file")]
    public void A_spec_that_is_not_there_is_refused(string name, string expected)
    {
        var refusal = Assert.Throws<CliException>(() => SpecFile.Open(name));
        Assert.Equal(ExitCodes.BadInput, refusal.ExitCode);
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_spec_is_found_by_path_and_an_example_by_name()
    {
        File.WriteAllText(_folder["grid.yaml"], Spec);
        var file = SpecFile.Open(_folder["grid.yaml"]);
        Assert.Equal((_folder.Path, "tiny"), (file.Folder, file.Read().Name));
        Assert.NotEmpty(SpecFile.Open("quickstart").Read().Grid);
        Assert.Contains("is a folder", Assert.Throws<CliException>(() => SpecFile.Open(_folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["large.yaml"], new string('#', (1024 * 1024) + 1));
        Assert.Contains("larger than 1 MB", Assert.Throws<CliException>(() => SpecFile.Open(_folder["large.yaml"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, '|')]
    public void What_init_writes_is_a_good_spec(bool found, char? delimiter)
    {
        var guess = DataGuesser.Guess(DataReader.Read(_folder["train.csv"]));
        var yaml = InitSpec.Write(guess, "my \"data\".csv", delimiter, new BaseGuess("builtin:tiny-gemma3", IsTiny: true, found, "because: # of \"words\""));

        var result = SpecReader.Read(yaml, "grid.yaml");

        Assert.Empty(result.Errors);
        var spec = result.Spec!;
        Assert.Equal(("my \"data\".csv", "label", "{text}"), (spec.Data.Train, spec.Defaults.Data.LabelColumn, spec.Defaults.Template));
        Assert.Equal(delimiter?.ToString(), spec.Defaults.Data.Delimiter);
        Assert.Equal(["epochs", "learning_rate", "method", "rank"], spec.Grid.Select(axis => axis.Name));
        Assert.Equal(!found, yaml.Contains("PUT THE PATH", StringComparison.Ordinal));
    }

    private PreparedData Read(string yaml) =>
        PreparedData.Read(new SpecFile("grid.yaml", _folder.Path, yaml).Read(), _folder.Path, _folder["scratch"]);

    private string Refused(string yaml) => Assert.Throws<CliException>(() => Read(yaml)).Message;
}
