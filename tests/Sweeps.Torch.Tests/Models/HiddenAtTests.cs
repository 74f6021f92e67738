using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using Sweeps.Torch.Tests.Models.Golden;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models;

/// <summary>The last block computed only where a head reads gives what the whole block gives there.</summary>
public sealed class HiddenAtTests
{
    [Theory]
    [InlineData("gemma3_cls")]
    [InlineData("bert_pair_cls")]
    [InlineData("roberta_cls")]
    [InlineData("modernbert_cls")]
    [InlineData("modernbert_cls_mean")]
    [InlineData("deberta_v3_cls")]
    [InlineData("deberta_v3_long")]
    public void Loss_and_gradients_are_those_of_the_whole_block(string file)
    {
        using var golden = GoldenCase.Load(file);
        using var method = new FullFineTuning(golden.Model, golden.HeadParameters);
        var labels = GoldenCase.Longs(golden.Json.GetProperty("labels"));
        ClassifierHead head = golden.Head!;

        var (loss, norms) = Measure(() => golden.Model.Hidden(golden.Batch, DropoutContext.None));
        var (lossAt, normsAt) = Measure(() => head.Hidden(golden.Model, golden.Batch, DropoutContext.None));

        Assert.Equal(loss, lossAt, 1e-6);
        foreach (var ((name, norm), normAt) in norms.Zip(normsAt.Values))
        {
            if (!name.EndsWith("key.bias", StringComparison.Ordinal))
            {
                GoldenCase.AssertRelative(norm, normAt, 1e-5, name);
            }
        }

        (float Loss, Dictionary<string, double> Norms) Measure(Func<Tensor> hidden)
        {
            using var scope = NewDisposeScope();
            Tensor value;
            using (var inner = NewDisposeScope())
            {
                value = head.Loss(golden.Model, hidden(), golden.Batch, labels, DropoutContext.None).MoveToOuterDisposeScope();
            }

            value.backward();
            var found = method.Trainable.ToDictionary(p => p.Name, p => GradientClipping.Norm([p]));
            foreach (var parameter in method.Trainable)
            {
                parameter.Value.grad = null;
            }

            return (value.item<float>(), found);
        }
    }

    [Fact]
    public void Starting_from_the_output_of_lower_blocks_gives_the_same()
    {
        using var golden = GoldenCase.Load("gemma3_cls");
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var none = DropoutContext.None;
        var positions = golden.Head!.Positions(golden.Model, golden.Batch);
        var whole = golden.Model.HiddenAt(golden.Batch, positions, none);

        for (var from = 0; from <= golden.Model.LayerCount; from++)
        {
            var trunk = golden.Model.RunBlocks(golden.Model.Embed(golden.Batch, none), golden.Batch, 0, from, none);
            var rest = golden.Model.HiddenAt(trunk, from, golden.Batch, positions, none);
            Assert.True(rest.allclose(whole, 1e-5, 1e-5), $"from block {from}");
        }
    }
}
