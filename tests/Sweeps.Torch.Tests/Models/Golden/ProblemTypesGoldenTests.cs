using System.Text.Json;
using Sweeps.Models.Heads;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>Class weights, label smoothing, multi-label losses, and which token a decoder's classifier reads.</summary>
[Trait("Category", "Golden")]
public sealed class ProblemTypesGoldenTests
{
    public static TheoryData<string, string> Losses
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var model in (string[])["bert_cls", "qwen3_cls", "gemma3_cls"])
            {
                foreach (var kind in (string[])["weighted_ce", "label_smoothing_0.1", "multi_label", "bce_pos_weight"])
                {
                    data.Add(model, kind);
                }
            }

            return data;
        }
    }

    public static TheoryData<string, string> Paddings
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var model in (string[])["qwen3_cls", "gemma3_cls"])
            {
                foreach (var kind in (string[])["right", "left", "alone", "pad_id_inside_text", "pad_id_at_end_of_text"])
                {
                    data.Add(model, kind);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Loss_and_gradients_equal_the_reference(string model, string kind)
    {
        var json = Find("cases", model, kind);
        using var golden = GoldenCase.Of(json, multiLabel: kind is "multi_label" or "bce_pos_weight");
        using var method = new FullFineTuning(golden.Model, golden.HeadParameters);
        golden.Head!.Objective = new ClassLoss
        {
            ClassWeights = json.TryGetProperty("class_weights", out var weights) || json.TryGetProperty("pos_weight", out weights)
                ? GoldenCase.Floats(weights)
                : null,
            LabelSmoothing = kind == "label_smoothing_0.1" ? 0.1 : 0,
        };

        golden.CheckLogits("logits", 1e-5);
        golden.CheckGradients(method.Trainable, 1e-4, name => name);
        CheckGradientOfLogits(golden, json);
    }

    [Theory]
    [MemberData(nameof(Paddings))]
    public void Reads_the_token_that_the_reference_reads(string model, string kind)
    {
        var json = Find("pooling", model, kind);
        using var golden = GoldenCase.Of(json);
        if (kind != "alone")
        {
            Assert.Equal(
                GoldenCase.Longs(json.GetProperty("pooled_index")),
                golden.Head!.Positions(golden.Model, golden.Batch).Select(position => position % golden.Batch.Length));
            golden.CheckLogits("logits", 1e-5);
            return;
        }

        using var scope = NewDisposeScope();
        using var off = no_grad();
        var worst = new Worst($"{model} alone", 1e-5);
        foreach (var (ids, expected) in json.GetProperty("rows").EnumerateArray().Zip(json.GetProperty("logits").EnumerateArray()))
        {
            using var batch = new Sweeps.Models.TokenBatch(GoldenCase.Longs(ids), 1, ids.GetArrayLength());
            var actual = golden.Logits(batch).data<float>().ToArray();
            foreach (var (value, found) in GoldenCase.Floats(expected).Zip(actual))
            {
                worst.Absolute(value, found, "logit");
            }
        }

        worst.Check();
    }

    [Fact]
    public void Focal_loss_without_focus_is_cross_entropy_and_with_it_the_formula()
    {
        using var scope = NewDisposeScope();
        using var logits = tensor(new[] { 0.5f, -1f, 2f, 1f, 0f, -0.5f }, [2, 3]);
        var plain = new ClassLoss { ClassWeights = [1, 2, 3] };
        var focal = plain with { FocalGamma = 2 };
        var logs = logits.log_softmax(-1).data<float>().ToArray();

        var expected = 0.0;
        foreach (var (row, label) in ((int, int)[])[(0, 2), (1, 1)])
        {
            var log = (double)logs[(row * 3) + label];
            expected -= (label + 1) * Math.Pow(1 - Math.Exp(log), 2) * log;
        }

        Assert.Equal(expected, focal.Sum(logits, [2, 1]).item<float>(), 1e-5);
        Assert.Equal(
            plain.Sum(logits, [2, 1]).item<float>(),
            (plain with { FocalGamma = 1e-9 }).Sum(logits, [2, 1]).item<float>(),
            1e-5);
        Assert.Equal(5, plain.Weight([2, 1]));
        Assert.Equal(
            plain.Sum(logits, [2, 1]).item<float>(), plain.Sum(logits, [2, 1], labels: [2, 1]).item<float>(), 1e-5);
    }

    [Fact]
    public void Objectives_that_do_not_fit_the_labels_are_refused()
    {
        using var model = TinyModels.Bert();
        using var head = new LinearHead(model, 3, new Sweeps.Models.Loading.LoadOptions());

        var error = Assert.Throws<ArgumentException>(() => head.Objective = new ClassLoss { ClassWeights = [1, 2] });
        var wide = Assert.Throws<ArgumentException>(() => head.Objective = new ClassLoss { LabelSmoothing = 1 });

        Assert.Contains("class weights must be 3 numbers", error.Message, StringComparison.Ordinal);
        Assert.Contains("label smoothing must be", wide.Message, StringComparison.Ordinal);
    }

    private static JsonElement Find(string list, string model, string kind) =>
        GoldenCase.Read("problem_types").GetProperty(list).EnumerateArray().Single(one =>
            one.GetProperty("base").GetString() == model && one.GetProperty("kind").GetString() == kind);

    private static void CheckGradientOfLogits(GoldenCase golden, JsonElement json)
    {
        using var scope = NewDisposeScope();
        using var logits = golden.Logits().detach().requires_grad_(true);
        golden.Head!.LossOf(logits, GoldenCase.Longs(json.GetProperty("labels"))).backward();
        var worst = new Worst("gradient of the logits", 1e-5);
        var actual = logits.grad!.data<float>().ToArray();
        foreach (var (expected, found) in GoldenCase.Floats(json.GetProperty("grad_logits")).Zip(actual))
        {
            worst.Absolute(expected, found, "logit");
        }

        worst.Check();
    }
}
