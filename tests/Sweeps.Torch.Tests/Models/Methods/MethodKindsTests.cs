using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Methods.HeadOnly;
using Sweeps.Models.Methods.Ia3;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Methods.Peft;
using Sweeps.Models.Methods.Prompts;
using Sweeps.Models.Ops;
using Sweeps.Models.Quantization;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Methods;

/// <summary>What holds for every method: it learns, leaves the base alone, repeats itself, and treats each text by itself.</summary>
public sealed class MethodKindsTests
{
    public static TheoryData<string> Kinds =>
        ["lora", "rslora", "dora", "qlora", "qlora bf16", "dora on 4 bits", "ia3", "prefix", "prompt", "head-only", "modules"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Lowers_the_loss_and_leaves_the_base_alone(string kind)
    {
        using var model = Model(kind);
        using var head = new LinearHead(model, 3, new LoadOptions { Seed = 4 });
        using var method = Make(kind, model, head);
        var trained = method.Trainable.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        var before = Bytes(model, trained);

        var losses = MethodTests.Train(model, head, method, 25);

        Assert.True(losses[^1] < 0.9 * losses[0], $"from {losses[0]} to {losses[^1]}");
        Assert.Equal(before, Bytes(model, trained));
        Assert.All(method.Trainable, p => Assert.NotNull(p.Value.grad));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_same_seed_gives_the_same_bits_and_another_seed_others(string kind)
    {
        Assert.Equal(Trained(kind, 1), Trained(kind, 1));
        Assert.NotEqual(Trained(kind, 1), Trained(kind, 2));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_text_alone_scores_as_in_its_batch(string kind)
    {
        using var model = Model(kind);
        using var head = new LinearHead(model, 3, new LoadOptions { Seed = 4 });
        using var method = Make(kind, model, head);
        MethodTests.Train(model, head, method, 3);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = TinyModels.Batch();
        var together = head.Logits(model, head.Hidden(model, batch, DropoutContext.None), batch, DropoutContext.None);
        for (var row = 0; row < batch.Rows; row++)
        {
            var kept = Enumerable.Range(row * batch.Length, batch.Length).Where(at => batch.Attended[at]).Select(at => batch.Ids[at]).ToArray();
            using var alone = new TokenBatch(kept, 1, kept.Length);
            var score = head.Logits(model, head.Hidden(model, alone, DropoutContext.None), alone, DropoutContext.None);
            Assert.InRange((score[0] - together[row]).abs().max().item<float>(), 0, kind == "qlora bf16" ? 2e-2 : 2e-5);
        }
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("dora")]
    [InlineData("ia3")]
    [InlineData("qlora")]
    [InlineData("dora on 4 bits")]
    public void Merged_it_gives_the_same_scores(string kind)
    {
        using var model = Model(kind);
        using var head = new LinearHead(model, 3, new LoadOptions { Seed = 4 });
        using var method = (AdapterFineTuning)Make(kind, model, head);
        MethodTests.Train(model, head, method, 3);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = TinyModels.Batch();
        Tensor Scores() => head.Logits(model, head.Hidden(model, batch, DropoutContext.None), batch, DropoutContext.None);
        var before = Scores();

        method.Merge();

        Assert.False(model.IsQuantised);
        Assert.All(model.Linears, linear => Assert.Null(linear.Adapter));
        Assert.InRange((Scores() - before).abs().max().item<float>(), 0, 2e-5);
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("dora")]
    [InlineData("ia3")]
    [InlineData("prefix")]
    [InlineData("prompt")]
    [InlineData("modules")]
    public void A_saved_adapter_loads_into_another_model_bit_for_bit(string kind)
    {
        using var folder = new TempFolder();
        using var model = Model(kind);
        using var head = new LinearHead(model, 3, new LoadOptions { Seed = 4 });
        using var method = (PeftMethod)Make(kind, model, head);
        MethodTests.Train(model, head, method, 3);
        PeftAdapter.Save(folder.Path, method);

        using var other = Model(kind);
        using var otherHead = new LinearHead(other, 3, new LoadOptions { Seed = 9 });
        using var otherMethod = (PeftMethod)Make(kind, other, otherHead);
        PeftAdapter.Load(folder.Path, otherMethod);

        foreach (var (first, second) in method.Trainable.Zip(otherMethod.Trainable))
        {
            Assert.True(first.Value.bytes.SequenceEqual(second.Value.bytes), first.Name);
        }
    }

    [Fact]
    public void Modules_to_save_are_named_by_their_ends_and_saved_under_their_names()
    {
        using var model = TinyModels.Bert();
        using var head = new LinearHead(model, 3, new LoadOptions());
        using var lora = new LoraFineTuning(
            model, head.Parameters, new LoraOptions { Rank = 4, Targets = TargetModules.Named("query"), ModulesToSave = ["pooler", "classifier"] });

        Assert.Equal(
            [
                "base_model.model.bert.pooler.dense.bias", "base_model.model.bert.pooler.dense.weight",
                "base_model.model.classifier.bias", "base_model.model.classifier.weight",
            ],
            lora.Trainable.Skip(lora.AdapterParameters.Count).Select(lora.SavedName).Order(StringComparer.Ordinal));
        using var config = System.Text.Json.JsonDocument.Parse(PeftAdapter.ConfigText(lora));
        Assert.Equal(
            ["pooler", "classifier", "score"],
            config.RootElement.GetProperty("modules_to_save").EnumerateArray().Select(name => name.GetString()));
    }

    [Theory]
    [InlineData("lora", "pooler", "modules_to_save 'pooler' names no module of gemma3_text")]
    [InlineData("lora", "embed_tokens", "is also the output head of this model")]
    [InlineData("qlora", "down_proj", "is held in 4 bits and cannot be trained")]
    [InlineData("lora", "down_proj", "is named by modules_to_save and by target_modules")]
    public void Modules_to_save_that_cannot_be_are_refused(string kind, string name, string fault)
    {
        using var model = Model(kind);

        var error = Assert.Throws<ArgumentException>(
            () => new LoraFineTuning(model, [], new LoraOptions { Rank = 4, ModulesToSave = [name] }));

        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quantised_base_is_refused_by_full_fine_tuning()
    {
        using var model = Model("qlora");

        var error = Assert.Throws<ArgumentException>(() => new FullFineTuning(model, []));

        Assert.Contains("use method qlora", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Head_only_needs_a_head_with_weights()
    {
        using var model = TinyModels.Gemma3();

        var error = Assert.Throws<ArgumentException>(() => new HeadOnlyFineTuning(model, []));

        Assert.Contains("use head linear or trimmed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encoders_are_refused_by_methods_for_decoders()
    {
        using var model = TinyModels.Bert();
        Func<TrainingMethod>[] makers =
        [
            () => new Ia3FineTuning(model, [], new Ia3Options()),
            () => new PrefixTuning(model, [], new PromptOptions()),
            () => new PromptTuning(model, [], new PromptOptions()),
        ];
        foreach (var make in makers)
        {
            var error = Assert.Throws<ArgumentException>(make);
            Assert.Contains("needs a decoder; bert is none", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(64)]
    public void A_number_of_virtual_tokens_out_of_range_is_refused(int count)
    {
        using var model = TinyModels.Gemma3();

        var error = Assert.Throws<ArgumentException>(() => new PromptTuning(model, [], new PromptOptions { VirtualTokens = count }));

        Assert.Contains("virtual_tokens must be from 1 to 63", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Taken_away_the_model_gives_its_own_scores_again(string kind)
    {
        using var model = Model(kind);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = TinyModels.Batch();
        var before = model.Hidden(batch, DropoutContext.None);
        using (var head = new LinearHead(model, 3, new LoadOptions { Seed = 4 }))
        using (Make(kind == "modules" ? "lora" : kind, model, head))
        {
        }

        Assert.True(before.bytes.SequenceEqual(model.Hidden(batch, DropoutContext.None).bytes));
    }

    private static Transformer Model(string kind) => ModelFamilies.Create(
        ModelConfig.Parse("config.json", TinyModels.Gemma3Config),
        new LoadOptions
        {
            Seed = 1,
            Quantization = kind switch
            {
                "qlora" => new Nf4Options { DoubleQuantised = true },
                "qlora bf16" => new Nf4Options { ComputeType = ScalarType.BFloat16 },
                "dora on 4 bits" => new Nf4Options(),
                _ => null,
            },
        });

    private static TrainingMethod Make(string kind, Transformer model, LinearHead head, ulong seed = 1)
    {
        var lora = new LoraOptions { Rank = 4, Alpha = 8, Dropout = 0.1, Seed = seed };
        return kind switch
        {
            "rslora" => new LoraFineTuning(model, head.Parameters, lora with { RankStabilised = true }),
            "dora" or "dora on 4 bits" => new LoraFineTuning(model, head.Parameters, lora with { WeightDecomposed = true }),
            "ia3" => new Ia3FineTuning(model, head.Parameters, new Ia3Options()),
            "prefix" => new PrefixTuning(model, head.Parameters, new PromptOptions { VirtualTokens = 5, Seed = seed }),
            "prompt" => new PromptTuning(model, head.Parameters, new PromptOptions { VirtualTokens = 5, Seed = seed }),
            "head-only" => new HeadOnlyFineTuning(model, head.Parameters),
            "modules" => new LoraFineTuning(
                model, head.Parameters, lora with { Targets = TargetModules.Named("q_proj"), ModulesToSave = ["mlp.down_proj", "norm"] }),
            _ => new LoraFineTuning(model, head.Parameters, lora),
        };
    }

    private static byte[] Trained(string kind, ulong seed)
    {
        using var model = Model(kind);
        using var head = new LinearHead(model, 3, new LoadOptions { Seed = seed });
        using var method = Make(kind, model, head, seed);
        MethodTests.Train(model, head, method, 3, seed);
        return [.. method.Trainable.SelectMany(parameter => parameter.Value.detach().bytes.ToArray())];
    }

    private static Dictionary<string, byte[]> Bytes(Transformer model, HashSet<string> but) =>
        model.Parameters.Where(p => !but.Contains(p.Name))
            .SelectMany(p => p.Stored())
            .ToDictionary(p => p.Key, p => p.Value.detach().bytes.ToArray());
}
