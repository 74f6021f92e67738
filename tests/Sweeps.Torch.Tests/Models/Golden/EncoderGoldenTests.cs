using System.Text.Json;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>What the reference files of encoders say beyond logits, gradients and training of one batch.</summary>
[Trait("Category", "Golden")]
public sealed class EncoderGoldenTests
{
    [Theory]
    [InlineData("left_padded")]
    [InlineData("pad_id_inside_text")]
    [InlineData("longest_possible")]
    public void RoBERTa_counts_positions_from_ids(string kind)
    {
        var cases = GoldenCase.Read("roberta_cls").GetProperty("more").EnumerateArray();
        var json = cases.Single(one => one.GetProperty("kind").GetString() == kind);
        using var golden = GoldenCase.Load("roberta_cls");
        using var method = new FullFineTuning(golden.Model, golden.HeadParameters);
        using var batch = GoldenCase.BatchOf(json);
        using var scope = NewDisposeScope();
        var labels = GoldenCase.Longs(json.GetProperty("labels"));
        var hidden = golden.Hidden(batch);
        var logits = golden.Head!.Logits(golden.Model, hidden, batch, DropoutContext.None);
        var expected = GoldenCase.Floats(json.GetProperty("logits"));
        var worst = new Worst($"roberta_cls {kind} logits", 1e-5);
        for (var i = 0; i < expected.Length; i++)
        {
            worst.Absolute(expected[i], logits.data<float>()[i], $"value {i}");
        }

        var loss = golden.Head.LossOf(logits, labels);
        loss.backward();

        worst.Check();
        var relative = new Worst($"roberta_cls {kind} loss and gradients", 1e-4);
        relative.Relative(json.GetProperty("loss").GetDouble(), loss.item<float>(), "loss");
        foreach (var table in (string[])["word", "position"])
        {
            var gradient = method.Trainable.Single(p => p.Name == $"roberta.embeddings.{table}_embeddings.weight").Value.grad!;
            relative.Relative(
                json.GetProperty($"grad_norm_{table}_embeddings").GetDouble(), gradient.norm().item<float>(), table);
            Assert.Equal(json.GetProperty($"grad_norm_{table}_row_pad").GetDouble(), gradient[1].norm().item<float>());
        }

        relative.Check();
    }

    [Fact]
    public void RoBERTa_refuses_a_text_that_has_no_positions_left()
    {
        using var golden = GoldenCase.Load("roberta_cls");
        using var batch = new Sweeps.Models.TokenBatch([.. Enumerable.Repeat(5L, 41)], 1, 41);

        var error = Assert.Throws<ArgumentException>(() => golden.Hidden(batch));

        Assert.Contains("41 tokens; this model takes 40", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ModernBERT_with_mean_pooling_does_not_care_on_which_side_padding_is()
    {
        using var golden = GoldenCase.Load("modernbert_cls_mean");
        var (rows, length) = (golden.Batch.Rows, golden.Batch.Length);
        var ids = new long[rows * length];
        var mask = new long[rows * length];
        for (var row = 0; row < rows; row++)
        {
            var kept = golden.Batch.Attended.Slice(row * length, length).Count(true);
            golden.Batch.Ids.Slice(row * length, kept).CopyTo(ids.AsSpan(((row + 1) * length) - kept));
            mask.AsSpan(((row + 1) * length) - kept, kept).Fill(1);
        }

        using var left = new Sweeps.Models.TokenBatch(ids, rows, length, mask);

        golden.CheckLogits("left_padded_logits", 3e-5, left);
    }

    [Theory]
    [InlineData("bert_cls", 1e-5)]
    [InlineData("bert_pair_cls", 1e-5)]
    [InlineData("roberta_cls", 1e-5)]
    [InlineData("modernbert_cls", 3e-5)]
    [InlineData("modernbert_cls_mean", 3e-5)]
    [InlineData("deberta_v3_cls", 1e-5)]
    [InlineData("deberta_v3_long", 1e-5)]
    public void A_row_alone_equals_the_row_in_a_batch(string file, double tolerance)
    {
        using var golden = GoldenCase.Load(file);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var whole = golden.Logits();
        var worst = new Worst($"{file} alone", tolerance);
        for (var row = 0; row < golden.Batch.Rows; row++)
        {
            using var alone = golden.Alone(row);
            var logits = golden.Logits(alone).data<float>().ToArray();
            var atPosition = golden.Head!
                .Logits(golden.Model, golden.Head.Hidden(golden.Model, alone, DropoutContext.None), alone, DropoutContext.None)
                .data<float>()
                .ToArray();
            for (var label = 0; label < logits.Length; label++)
            {
                worst.Absolute(whole[row, label].item<float>(), logits[label], $"row {row}, label {label}");
                worst.Absolute(whole[row, label].item<float>(), atPosition[label], $"row {row}, label {label}, last block at one position");
                if (golden.Json.TryGetProperty("alone_logits", out var expected))
                {
                    worst.Absolute(expected[row][label].GetDouble(), logits[label], $"row {row}, label {label}, reference");
                }
            }
        }

        worst.Check();
    }
}
