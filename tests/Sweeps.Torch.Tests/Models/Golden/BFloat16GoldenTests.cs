using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Optim;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>Whole models in bf16: within the spread that summation order alone gives.</summary>
[Trait("Category", "Golden")]
public sealed class BFloat16GoldenTests
{
    [Theory]
    [InlineData("bert_cls")]
    [InlineData("gemma3_deep")]
    [InlineData("qwen3_lm_tied")]
    public void Logits_loss_and_gradients(string file)
    {
        var json = GoldenCase.Read("bf16").GetProperty("cases").EnumerateArray()
            .Single(one => one.GetProperty("base").GetString() == file);
        var allowed = json.GetProperty("tolerance");
        using var golden = GoldenCase.Load(file, options: new LoadOptions { Type = ScalarType.BFloat16 });
        using var method = new FullFineTuning(golden.Model, golden.HeadParameters);
        using var scope = NewDisposeScope();
        var expected = GoldenCase.Floats(json.GetProperty("logits_bf16"));
        var actual = golden.Logits().to_type(ScalarType.Float32).data<float>().ToArray();
        Assert.Equal(expected.Length, actual.Length);
        var width = golden.Head?.LabelCount ?? golden.Model.VocabularySize;
        var worst = new Worst($"{file} bf16 logits", allowed.GetProperty("logits_max_abs").GetDouble());
        var squares = new List<double>();
        for (var i = 0; i < expected.Length; i++)
        {
            if (golden.Head is not null || golden.Batch.Attended[i / width])
            {
                worst.Absolute(expected[i], actual[i], $"value {i}");
                squares.Add(Math.Pow(expected[i] - actual[i], 2));
            }
        }

        var rms = new Worst($"{file} bf16 rms of logits", allowed.GetProperty("logits_rms").GetDouble());
        rms.Absolute(0, Math.Sqrt(squares.Average()), "rms");
        var loss = golden.Loss();
        loss.backward();
        var losses = new Worst($"{file} bf16 loss", allowed.GetProperty("loss_abs").GetDouble());
        losses.Absolute(json.GetProperty("loss_bf16").GetDouble(), loss.item<float>(), "loss");
        var norms = new Worst($"{file} bf16 gradient norm", allowed.GetProperty("grad_norm_rel").GetDouble());
        norms.Relative(json.GetProperty("total_grad_norm_bf16").GetDouble(), GradientClipping.Norm(method.Trainable), "total");

        worst.Check();
        rms.Check();
        losses.Check();
        norms.Check();
    }

    /// <summary>Families without a reference in bf16: near their own numbers in 32 bits, and trainable.</summary>
    [Theory]
    [InlineData("bert_pair_cls")]
    [InlineData("roberta_cls")]
    [InlineData("modernbert_cls")]
    [InlineData("modernbert_cls_mean")]
    [InlineData("deberta_v3_cls")]
    [InlineData("deberta_v3_long")]
    [InlineData("t5_v10_relu_tied")]
    [InlineData("flan_t5_gated_untied")]
    public void Stays_near_32_bits(string file)
    {
        using var wide = GoldenCase.Load(file);
        using var golden = GoldenCase.Load(file, options: new LoadOptions { Type = ScalarType.BFloat16 });
        using var method = new FullFineTuning(golden.Model, golden.HeadParameters);
        using var wideMethod = new FullFineTuning(wide.Model, wide.HeadParameters);
        using var scope = NewDisposeScope();

        var exact = wide.Logits();
        var rounded = golden.Logits().to_type(ScalarType.Float32);
        golden.Loss().backward();
        wide.Loss().backward();

        var rms = new Worst($"{file} bf16 rms of logits, of their own", 0.05);
        rms.Absolute(0, ((rounded - exact).norm() / exact.norm()).item<float>(), "rms");
        var norms = new Worst($"{file} bf16 gradient norm", 0.1);
        norms.Relative(GradientClipping.Norm(wideMethod.Trainable), GradientClipping.Norm(method.Trainable), "total");
        rms.Check();
        norms.Check();
        Assert.All(method.Trainable.Where(parameter => parameter.Value.grad is not null), parameter =>
            Assert.Equal(ScalarType.BFloat16, parameter.Value.grad!.dtype));
    }
}
