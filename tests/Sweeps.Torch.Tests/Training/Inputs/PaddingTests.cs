using System.Text.Json;
using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Sweeps.Data.Tokenizers;
using Sweeps.Models.Loading;
using Sweeps.Training;
using Sweeps.Training.Evaluation;
using Sweeps.Training.Export;
using Sweeps.Training.Inputs;
using Sweeps.Training.Inspect;
using Sweeps.Training.Recipes;
using Sweeps.Training.Tasks;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Inputs;

/// <summary>A base whose config.json pads with another token than its tokenizer.</summary>
public sealed class PaddingTests : IDisposable
{
    private static readonly int[] All = [0, 1, 2];

    private readonly TrialWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("linear")]
    [InlineData("trimmed")]
    [InlineData("label-tokens")]
    public void Rows_alone_equal_rows_in_a_batch(string head)
    {
        var settings = TrialWorkplace.Settings with { Head = head };
        var folder = _place["llama"];
        var encoding = TextEncoding.Of(settings, TokenizerLoader.Load(folder), folder);
        using var model = TrialModel.Build(settings, folder, encoding.Labels, encoding.Tokenizer);
        var split = new EncodedSplit([[1, 20, 21], [1, 30, 31, 32, 33, 34, 35], [1, 40, 41, 0, 42]], [0, 1, 2], 0);
        var decider = TrialDecider.Of(model, encoding);
        using var task = TrialTask.Of(model, settings, split, encoding);

        var together = decider.Judge(split, All, withScores: true);
        var alone = All.Select(row => decider.Judge(split, [row], withScores: true)).ToList();

        Assert.Equal((0, 2), (encoding.Tokenizer.PadId, encoding.PadId));
        Assert.Equal(alone.Average(one => one.Loss), together.Loss, 1e-6);
        Assert.Equal(All.Average(row => task.MeanLoss([row])), task.MeanLoss(All), 1e-6);
        Assert.All(All, row => Assert.All(
            alone[row].Scores![0].Zip(together.Scores![row]), pair => Assert.Equal(pair.First, pair.Second, 1e-5f)));
    }

    [Fact]
    public void An_export_pads_as_config_json_says()
    {
        var folder = Export("llama");
        Assert.Equal(2, Read(folder, "config.json").GetProperty("pad_token_id").GetInt32());
        Assert.Equal("<eos>", Read(folder, "tokenizer_config.json").GetProperty("pad_token").GetString());
        Assert.Equal("<eos>", Read(folder, "special_tokens_map.json").GetProperty("pad_token").GetString());
        Assert.Equal(2, TokenizerLoader.Load(folder).PadId);
    }

    [Fact]
    public void A_padding_token_that_the_tokenizer_lacks_gives_way_to_the_tokenizers_own_in_an_export()
    {
        SetPad("258");
        var folder = Export("llama");
        Assert.Equal(0, Read(folder, "config.json").GetProperty("pad_token_id").GetInt32());
        Assert.Equal("<pad>", Read(folder, "tokenizer_config.json").GetProperty("pad_token").GetString());
        Assert.Contains("names the padding token 258, which its tokenizer does not have", File.ReadAllText(Path.Combine(folder, "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("260")]
    [InlineData("-1")]
    public void A_padding_token_outside_of_the_vocabulary_is_refused_by_inspect(string pad)
    {
        SetPad(pad);
        var error = Assert.Throws<ModelLoadException>(() => BaseInspector.Inspect(_place["llama"], TrialWorkplace.Settings, _place["train.csv"]));
        Assert.Contains(
            $"config.json: pad_token_id must be a token id below vocab_size, 260, or null where there is no padding token; found {pad}",
            error.Message,
            StringComparison.Ordinal);
    }

    private void SetPad(string pad)
    {
        var path = Path.Combine(_place["llama"], "config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"pad_token_id\": 2", $"\"pad_token_id\": {pad}", StringComparison.Ordinal));
    }

    private string Export(string model)
    {
        var settings = TrialWorkplace.Settings with { Epochs = 1 };
        var link = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign(model, JobId.Train("s", 1), 1, settings), link));
        var folder = _place["export"];
        ModelExporter.Export(new TrainedModel(settings, _place[model], link.Offers[^1].Checkpoint!.Directory), folder);
        return folder;
    }

    private static JsonElement Read(string folder, string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, file)));
        return document.RootElement.Clone();
    }
}
