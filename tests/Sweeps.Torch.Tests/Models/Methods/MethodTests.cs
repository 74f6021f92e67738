using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Methods;

public sealed class MethodTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Frozen_layers_keep_embeddings_and_bottom_blocks_as_they_are(int frozen)
    {
        using var model = TinyModels.Gemma3();
        using var head = new LinearHead(model, 3, new LoadOptions());
        using var method = new FullFineTuning(model, head.Parameters, frozen);
        var before = Snapshot(model);

        Train(model, head, method, 2);

        foreach (var parameter in model.Parameters)
        {
            var isFrozen = frozen > 0 && parameter.Layer < frozen;
            Assert.Equal(isFrozen, before[parameter.Name].SequenceEqual(parameter.Value.detach().bytes.ToArray()));
            Assert.Equal(!isFrozen, method.Trainable.Contains(parameter));
        }
    }

    [Fact]
    public void Lora_leaves_the_model_and_adapts_no_frozen_block()
    {
        using var model = TinyModels.Gemma3();
        using var head = new LinearHead(model, 3, new LoadOptions());
        using var method = new LoraFineTuning(model, head.Parameters, new LoraOptions { Rank = 4, FrozenLayers = 2 });
        var before = Snapshot(model);

        Train(model, head, method, 2);

        Assert.All(model.Parameters, p => Assert.True(before[p.Name].SequenceEqual(p.Value.bytes.ToArray()), p.Name));
        Assert.Equal(2 * 7, method.AdapterParameters.Count);
        Assert.All(method.AdapterParameters, p => Assert.Contains(".layers.2.", p.Name, StringComparison.Ordinal));
        Assert.Equal(["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"], method.TargetModules);
    }

    [Theory]
    [InlineData("full")]
    [InlineData("lora")]
    public void The_same_seed_gives_the_same_bytes(string kind)
    {
        Assert.Equal(Run(1), Run(1));
        Assert.NotEqual(Run(1), Run(2));

        byte[] Run(ulong seed)
        {
            using var model = TinyModels.Bert();
            using var head = new LinearHead(model, 3, new LoadOptions { Seed = seed });
            using TrainingMethod method = kind == "lora"
                ? new LoraFineTuning(model, head.Parameters, new LoraOptions { Dropout = 0.1, Seed = seed })
                : new FullFineTuning(model, head.Parameters);
            Train(model, head, method, 5, seed);
            return [.. method.Trainable.SelectMany(parameter => parameter.Value.detach().bytes.ToArray())];
        }
    }

    [Fact]
    public void Training_lowers_the_loss_of_a_label_tokens_head()
    {
        using var model = TinyModels.Gemma3();
        using var constrained = new LabelTokensHead(model, [3, 4, 5]);
        using var method = new FullFineTuning(model, []);

        var losses = Train(model, constrained, method, 30);

        Assert.InRange(losses[0], 0.9, 1.3);
        Assert.InRange(losses[^1], 0, losses[0] / 2);
    }

    [Theory]
    [InlineData(0, "rank must be from 1 to 32")]
    [InlineData(33, "rank must be from 1 to 32, the smaller side of model.layers.0.self_attn")]
    public void A_rank_out_of_range_is_refused(int rank, string fault)
    {
        using var model = TinyModels.Gemma3();

        var error = Assert.Throws<ArgumentException>(() => new LoraFineTuning(model, [], new LoraOptions { Rank = rank }));

        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_target_is_refused_and_the_known_ones_named()
    {
        using var model = TinyModels.Gemma3();

        var error = Assert.Throws<ArgumentException>(
            () => new LoraFineTuning(model, [], new LoraOptions { Targets = TargetModules.Named("q_proj", "query") }));

        Assert.Contains("target_modules 'query' names no linear layer of gemma3_text; known: all-linear, down_proj", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    public void Frozen_layers_out_of_range_are_refused(int frozen)
    {
        using var model = TinyModels.Gemma3();

        var error = Assert.Throws<ArgumentException>(() => new FullFineTuning(model, [], frozen));

        Assert.Contains("from 0 (train all) to 3", error.Message, StringComparison.Ordinal);
    }

    internal static List<float> Train(
        Transformer model, ClassifierHead head, TrainingMethod method, int steps, ulong seed = 1)
    {
        using var optimiser = new AdamW(method.Trainable, new AdamWOptions { WeightDecay = 0.01 });
        using var batch = TinyModels.Batch();
        var losses = new List<float>();
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            using var dropout = new DropoutContext(seed, step, 0);
            var loss = head.Loss(model, head.Hidden(model, batch, dropout), batch, [2, 0, 1], dropout);
            optimiser.ZeroGradients();
            loss.backward();
            GradientClipping.Clip(method.Trainable, 1);
            optimiser.Step(1e-2);
            losses.Add(loss.item<float>());
        }

        return losses;
    }

    private static Dictionary<string, byte[]> Snapshot(Transformer model) =>
        model.Parameters.ToDictionary(p => p.Name, p => p.Value.detach().bytes.ToArray());
}
