using Sweeps.Models;
using Sweeps.Models.Optim;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Optim;

public sealed class AdamWTests
{
    [Fact]
    public void Equals_LibTorchs_AdamW()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5, CPU);
        var start = randn([37], generator: generator);
        var mine = new NamedParameter("x.weight", 0, start.clone());
        var theirs = new TorchSharp.Modules.Parameter(start.clone());
        using var optimiser = new AdamW([mine], new AdamWOptions { WeightDecay = 0.1 });
        using var reference = optim.AdamW([theirs], 1e-2, 0.9, 0.999, 1e-8, 0.1);

        for (var step = 0; step < 20; step++)
        {
            var gradient = randn([37], generator: generator);
            mine.Value.grad = gradient;
            theirs.grad = gradient.clone();
            optimiser.Step(1e-2);
            reference.step();
        }

        Assert.Equal(20, optimiser.StepCount);
        Assert.True(mine.Value.allclose(theirs, 1e-6, 1e-6));
    }

    [Fact]
    public void The_general_path_equals_the_one_pass_path()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5, CPU);
        var start = randn([20], generator: generator);
        var narrow = new NamedParameter("x.weight", 0, start.clone());
        var wide = new NamedParameter("x.weight", 0, start.to_type(ScalarType.Float64));
        using var first = new AdamW([narrow], new AdamWOptions { WeightDecay = 0.1 });
        using var second = new AdamW([wide], new AdamWOptions { WeightDecay = 0.1 });

        for (var step = 0; step < 5; step++)
        {
            var gradient = randn([20], generator: generator);
            narrow.Value.grad = gradient;
            wide.Value.grad = gradient.to_type(ScalarType.Float64);
            first.Step(1e-2);
            second.Step(1e-2);
        }

        Assert.True(wide.Value.to_type(ScalarType.Float32).allclose(narrow.Value, 1e-6, 1e-6));
    }

    [Fact]
    public void Continues_bit_for_bit_from_restored_state()
    {
        using var scope = NewDisposeScope();
        var whole = Run(start: null);
        var half = Run(start: null, steps: 4);
        var resumed = Run(start: half, steps: 4);

        Assert.Equal(whole.Value, resumed.Value);
        Assert.Equal(8, resumed.Steps);

        static (float[] Value, Dictionary<string, Tensor> State, long Steps) Run(
            (float[] Value, Dictionary<string, Tensor> State, long Steps)? start, int steps = 8)
        {
            var parameter = new NamedParameter("x.weight", 0, tensor(start?.Value ?? [.. Enumerable.Range(0, 21).Select(i => i / 7f)]));
            using var optimiser = new AdamW([parameter]);
            if (start is not null)
            {
                optimiser.Restore(start.Value.Steps, name => start.Value.State[name].clone());
            }

            for (var step = 0; step < steps; step++)
            {
                parameter.Value.grad = parameter.Value.sin() * (optimiser.StepCount + 1);
                optimiser.Step(0.01);
            }

            return (
                parameter.Value.data<float>().ToArray(),
                optimiser.State.ToDictionary(p => p.Key, p => p.Value.clone()),
                optimiser.StepCount);
        }
    }

    [Fact]
    public void State_of_another_shape_is_refused()
    {
        using var scope = NewDisposeScope();
        using var optimiser = new AdamW([new NamedParameter("x.weight", 0, ones(3))]);

        var error = Assert.Throws<ArgumentException>(() => optimiser.Restore(1, _ => ones(4)));

        Assert.Contains("x.weight.exp_avg has shape [4], expected [3]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Clipping_scales_to_the_maximum_and_returns_the_norm_before()
    {
        using var scope = NewDisposeScope();
        var first = new NamedParameter("a", 0, zeros(2));
        var second = new NamedParameter("b", 0, zeros(40));
        var none = new NamedParameter("c", 0, zeros(40));
        first.Value.grad = tensor(new[] { 3f, 0f });
        second.Value.grad = full(40, 4 / Math.Sqrt(40), dtype: ScalarType.Float32);

        var norm = GradientClipping.Clip([first, second, none], 1);

        Assert.Equal(5, norm, 1e-5);
        Assert.Equal(1, GradientClipping.Norm([first, second, none]), 1e-5);
        Assert.Equal(0.6f, first.Value.grad[0].item<float>(), 1e-5f);
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.q_norm.weight", false)]
    [InlineData("model.norm.weight", false)]
    [InlineData("model.layers.0.input_layernorm.weight", false)]
    [InlineData("bert.embeddings.LayerNorm.weight", false)]
    [InlineData("classifier.bias", false)]
    [InlineData("model.embed_tokens.weight", true)]
    [InlineData("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", true)]
    public void Weight_decay_spares_norms_and_biases(string name, bool decays)
    {
        using var value = zeros(1);

        Assert.Equal(decays, new NamedParameter(name, 0, value).Decays);
    }

    [Fact]
    public void Weights_of_16_bits_are_updated_in_32()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3, CPU);
        var start = randn([40], generator: generator).to_type(ScalarType.BFloat16);
        var narrow = new NamedParameter("w", 0, start.clone().requires_grad_(true));
        var wide = new NamedParameter("w", 0, start.to_type(ScalarType.Float32).requires_grad_(true));
        using var one = new AdamW([narrow], new AdamWOptions { WeightDecay = 0.1 });
        using var other = new AdamW([wide], new AdamWOptions { WeightDecay = 0.1 });
        for (var step = 0; step < 50; step++)
        {
            // Steps of 1e-5 are far below the spacing of 16-bit numbers near 1.
            var gradient = ones(40).to_type(ScalarType.BFloat16);
            narrow.Value.grad = gradient;
            wide.Value.grad = gradient.to_type(ScalarType.Float32);
            one.Step(1e-4);
            other.Step(1e-4);
        }

        Assert.Equal(wide.Value.to_type(ScalarType.BFloat16).to_type(ScalarType.Float32).data<float>().ToArray(), narrow.Value.to_type(ScalarType.Float32).data<float>().ToArray());
        Assert.NotEqual(start.to_type(ScalarType.Float32).data<float>().ToArray(), narrow.Value.to_type(ScalarType.Float32).data<float>().ToArray());
        Assert.Contains(one.State, pair => pair.Key == "w.master");
        Assert.DoesNotContain(other.State, pair => pair.Key == "w.master");
    }
}
