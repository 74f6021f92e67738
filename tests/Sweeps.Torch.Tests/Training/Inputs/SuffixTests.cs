using System.Text.Json.Nodes;
using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Sweeps.Data.Tokenizers;
using Sweeps.Training;
using Sweeps.Training.Evaluation;
using Sweeps.Training.Export;
using Sweeps.Training.Inputs;
using Sweeps.Training.Predict;
using Sweeps.Training.Recipes;
using Sweeps.Training.Tasks;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Inputs;

/// <summary>A decoder whose tokenizer puts an end token behind every text.</summary>
public sealed class SuffixTests : IDisposable
{
    private const string Goes = "The tokenizer ends a text with 1 special token: here the answer goes on.";
    private static readonly int[] Some = [0, 1, 2, 3];

    private readonly TrialWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("label-tokens", true)]
    [InlineData("trimmed", true)]
    [InlineData("generate", true)]
    [InlineData("linear", false)]
    public void Heads_that_read_the_next_token_read_it_before_the_end_token(string head, bool readsNext)
    {
        var settings = TrialWorkplace.Settings with { Head = head, Method = "full" };
        var plain = Judge(settings, out var bare);
        AddEnd();
        var ended = Judge(settings, out var text);

        Assert.Equal([.. bare, 2], text);
        Assert.Equal(readsNext, plain.Verdict.Loss == ended.Verdict.Loss);
        Assert.Equal(readsNext, plain.Loss == ended.Loss);
        Assert.Equal(readsNext, plain.Verdict.Scores!.SelectMany(row => row).SequenceEqual(ended.Verdict.Scores!.SelectMany(row => row)));
    }

    [Theory]
    [InlineData("label-tokens")]
    [InlineData("trimmed")]
    public void A_trained_model_predicts_before_the_end_token_and_its_card_says_so(string head)
    {
        var settings = TrialWorkplace.Settings with { Head = head, Epochs = 1 };
        var file = Path.Combine(_place["gemma3"], "tokenizer.json");
        var without = File.ReadAllText(file);
        AddEnd();
        var link = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 1, settings), link));
        var trained = new TrainedModel(settings, _place["gemma3"], link.Offers[^1].Checkpoint!.Directory);
        ModelExporter.Export(trained, _place["export"]);
        var ended = Predict(trained);
        File.WriteAllText(file, without);

        Assert.Equal(Predict(trained), ended);
        Assert.Contains(Goes, File.ReadAllText(Path.Combine(_place["export"], "README.md")), StringComparison.Ordinal);
    }

    private ((BatchVerdict Verdict, double Loss) Verdicts, int[] Text) Of(TrialSettings settings)
    {
        var folder = _place["gemma3"];
        var encoding = TextEncoding.Of(settings, TokenizerLoader.Load(folder), folder);
        using var model = TrialModel.Build(settings, folder, encoding.Labels, encoding.Tokenizer);
        var split = encoding.Encode(encoding.Read(_place["train.csv"]), () => { });
        using var task = TrialTask.Of(model, settings, split, encoding);
        return ((TrialDecider.Of(model, encoding).Judge(split, Some, withScores: true), task.MeanLoss(Some)), split.Rows[0]);
    }

    private (BatchVerdict Verdict, double Loss) Judge(TrialSettings settings, out int[] text)
    {
        var (verdicts, first) = Of(settings);
        text = first;
        return verdicts;
    }

    private static double[] Predict(TrainedModel trained)
    {
        using var predictor = Predictor.Load(trained);
        return [.. predictor.Predict([.. TextTemplateColumns(trained).Select(column => $"{column}=brand")]).Probabilities.Values];
    }

    private static IReadOnlyList<string> TextTemplateColumns(TrainedModel trained) =>
        Sweeps.Data.Templates.TextTemplate.Parse(trained.Settings.Template).Columns;

    /// <summary>As Llama's and Mistral's tokenizers with add_eos_token.</summary>
    private void AddEnd()
    {
        var path = Path.Combine(_place["gemma3"], "tokenizer.json");
        var tokenizer = JsonNode.Parse(File.ReadAllText(path))!;
        var frame = tokenizer["post_processor"]!;
        frame["single"]!.AsArray().Add(JsonNode.Parse("""{"SpecialToken": {"id": "<eos>", "type_id": 0}}"""));
        frame["special_tokens"]!["<eos>"] = JsonNode.Parse("""{"id": "<eos>", "ids": [2], "tokens": ["<eos>"]}""");
        File.WriteAllText(path, tokenizer.ToJsonString());
    }
}
