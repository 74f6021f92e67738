using System.Text.Json.Nodes;
using Sweeps.Core.Ids;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Data;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Inspect;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Preflight;

/// <summary>What is refused before a sweep has cost anything.</summary>
public sealed class PreflightTests : IDisposable
{
    private static readonly JobId Job = new("s", JobKind.Preflight, 1);
    private readonly TrialWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public void A_vocabulary_that_does_not_know_the_texts_is_refused_with_the_figure()
    {
        var csv = File.ReadAllLines(_place["train.csv"]);
        File.WriteAllLines(_place["train.csv"], csv.Select((line, row) => row == 0 ? line : line.Replace("brand", "marque", StringComparison.Ordinal)));
        var settings = TrialWorkplace.Settings with { Template = "{text} Label:" };
        var failed = Assert.IsType<FailedFrame>(TrialWorkplace.Run(_place.Assign("bert", Job, 1, settings), new RecordingLink()));
        Assert.Equal(FailureClass.BadData, failed.Failure);
        Assert.Matches(@"does not know 6\.\d % of the training texts \(150 of \d", failed.Message);
    }

    [Fact]
    public void A_setting_that_does_not_fit_the_base_is_refused()
    {
        var failed = Assert.IsType<FailedFrame>(TrialWorkplace.Run(
            _place.Assign("bert", Job, 1, TrialWorkplace.Settings with { FrozenLayers = 7 }), new RecordingLink()));
        Assert.Equal(FailureClass.BadSpec, failed.Failure);
        Assert.Contains("frozen_layers must be from 0", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_that_is_not_declared_names_its_line()
    {
        var settings = TrialWorkplace.Settings with { Data = new Core.Spec.DataSettings { Labels = ["Under", "Over"] } };
        var failed = Assert.IsType<FailedFrame>(TrialWorkplace.Run(_place.Assign("bert", Job, 1, settings), new RecordingLink()));
        Assert.Equal(FailureClass.BadData, failed.Failure);
        Assert.Matches(@"train\.csv:\d+: the label 'Average' is not among the declared labels", failed.Message);
    }

    [Fact]
    public void A_preflight_says_once_what_is_new_and_what_of_the_base_is_not_used()
    {
        MakeBare();
        var link = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("bert", Job, 1, TrialWorkplace.Settings), link));

        Assert.All(link.Events, told => Assert.Equal("model", told.Kind));
        Assert.Equal(
            [
                "the base's own head classifier.weight [5, 32] is not used: trials decide by a head of their own",
                "ignored buffers: bert.embeddings.position_ids [1, 40]",
                "new head classifier.weight [3, 32], classifier.bias [3]: not in the base, begins at random",
            ],
            link.Events.Select(told => told.Message));

        var again = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("bert", Job, 2, TrialWorkplace.Settings), again));
        Assert.Empty(again.Events);
    }

    [Fact]
    public void Inspect_tells_what_a_base_is_and_how_it_reads_the_data()
    {
        var facts = BaseInspector.Inspect(_place["gemma3"], TrialWorkplace.Settings, _place["train.csv"]);
        Assert.Equal(("gemma3_text", 2, 32, 40, true), (facts.Family, facts.Layers, facts.HiddenSize, facts.MaxPositions, facts.IsDecoder));
        Assert.Equal(256L * 32, facts.EmbeddingParameters);
        Assert.Equal(0, facts.UnknownShare);
        Assert.InRange(facts.MeanTokens!.Value, 15, 20);
    }

    [Fact]
    public void Inspect_makes_the_prompts_of_every_trial()
    {
        var settings = TrialWorkplace.Settings with { Head = "generate", MaxLength = 140 };
        var facts = BaseInspector.Inspect(
            _place[TrialWorkplace.Chat],
            settings,
            _place["train.csv"],
            [
                settings, settings with { LearningRate = 1 }, settings with { Chat = true }, settings with { Chat = true, FewShot = 1 },
                settings with { FewShot = 4 }, settings with { FewShot = 1_000 }, settings with { MaxLength = 5 },
            ]);

        Assert.Equal(6, facts.Texts!.Count);
        var (plain, chat, shown, many, tooMany, narrow) = (facts.Texts[0], facts.Texts[1], facts.Texts[2], facts.Texts[3], facts.Texts[4], facts.Texts[5]);
        // Start of turn, user, end of turn, start of turn, model.
        Assert.Equal(plain.FixedTokens + 5, chat.FixedTokens);
        Assert.Null(plain.Problem ?? chat.Problem ?? shown.Problem);
        Assert.True(shown.FixedTokens > 3 * chat.FixedTokens);
        Assert.Equal(facts.MeanTokens + 5, facts.MeanTokensOf(settings with { Chat = true, Epochs = 7 }));
        Assert.Equal(facts.LabelTokens!.SelectMany(label => label[0]), facts.ChatLabelTokens!.SelectMany(label => label[0]));
        Assert.Matches("^the template with its solved examples takes [0-9]+ tokens .*leaves nothing of max_length 140 for the text$", many.Problem);
        Assert.Equal("few_shot", many.Setting);
        Assert.Contains("takes 1000 rows of each class", tooMany.Problem, StringComparison.Ordinal);
        Assert.Equal("few_shot", tooMany.Setting);
        Assert.StartsWith("the template alone takes", narrow.Problem, StringComparison.Ordinal);
        Assert.Equal("max_length", narrow.Setting);
    }

    [Theory]
    [InlineData("bert", "no chat layout is known for model type 'bert'")]
    [InlineData("gemma3", "has no token '<start_of_turn>', which the chat layout gemma3 writes")]
    public void A_base_without_a_chat_layout_is_told_by_inspect_and_by_the_trainer(string model, string says)
    {
        var settings = TrialWorkplace.Settings with { Chat = true };

        var text = Assert.Single(BaseInspector.Inspect(_place[model], settings, _place["train.csv"]).Texts!);
        Assert.Equal("chat", text.Setting);
        Assert.Contains(says, text.Problem, StringComparison.Ordinal);

        var failed = Assert.IsType<FailedFrame>(TrialWorkplace.Run(_place.Assign(model, Job, 1, settings), new RecordingLink()));
        Assert.Equal(FailureClass.BadSpec, failed.Failure);
        Assert.Contains(says, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_of_another_model_is_refused_by_inspect()
    {
        var file = Path.Combine(_place["gemma3"], "tokenizer.json");
        var tokenizer = JsonNode.Parse(File.ReadAllText(file))!;
        tokenizer["model"]!["vocab"]!["unheard"] = 256;
        File.WriteAllText(file, tokenizer.ToJsonString());

        var refused = Assert.Throws<DataException>(() => BaseInspector.Inspect(_place["gemma3"], TrialWorkplace.Settings, _place["train.csv"]));
        Assert.Contains("1 tokens of its vocabulary of 257 have no row among the model's 256 embeddings", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Saves the encoder without its prefix, with a head for five labels and a buffer, as old files are.</summary>
    private void MakeBare()
    {
        var folder = _place["bert"];
        using var scope = NewDisposeScope();
        using var model = ModelFamilies.Load(folder);
        SafetensorsWriter.Save(
            Path.Combine(folder, "model.safetensors"),
            [
                .. model.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name["bert.".Length..], parameter.Value)),
                KeyValuePair.Create("classifier.weight", ones(5, 32)),
                KeyValuePair.Create("embeddings.position_ids", arange(40, dtype: ScalarType.Int64).view(1, 40)),
            ]);
    }
}
