using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Heads;

/// <summary>Labels that are independent of each other; the losses of the reference are in the golden problem types.</summary>
public sealed class MultiLabelHeadTests
{
    [Fact]
    public void Targets_are_zeros_and_ones_and_labels_those_with_a_score_from_0_up()
    {
        using var model = TinyModels.Bert();
        using var head = new MultiLabelHead(model, 3, new LoadOptions());
        using var scores = tensor(new[] { 0f, -0.1f, 2f, -1f, -2f, -3f }, [2, 3]);

        Assert.Equal([0L, 1, 1, 0, 0, 0], head.Targets([[1, 2], []]));
        Assert.Equal(6, head.Weight(head.Targets([[1, 2], []])));
        Assert.Equal([[0, 2], []], MultiLabelHead.LabelsOf(scores));
        Assert.Contains("label 3 is not one of the 3", Assert.Throws<ArgumentException>(() => head.Targets([[3]])).Message, StringComparison.Ordinal);
        using var plain = new LinearHead(model, 3, new LoadOptions());
        Assert.Equal([2L, 0], plain.Targets([[2], [0]]));
        Assert.Throws<ArgumentException>(() => plain.Targets([[0, 1]]));
    }

    [Fact]
    public void A_text_alone_is_labelled_as_in_a_batch()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Decoder("gemma3");
        using var head = new MultiLabelHead(model, 3, new LoadOptions { Seed = 4 });
        using var batch = TinyModels.Batch();
        using var alone = new Sweeps.Models.TokenBatch([12, 40, 7, 55, 19], 1, 5);

        Assert.Equal(head.LabelsOf(model, batch)[1], head.LabelsOf(model, alone)[0]);
        Assert.True(head.Scores(model, batch, DropoutContext.None)[1].allclose(head.Scores(model, alone, DropoutContext.None)[0], 1e-5, 1e-6));
    }

    [Fact]
    public void Focal_loss_is_the_formula_and_finite_where_all_is_known()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Bert();
        using var head = new MultiLabelHead(model, 2, new LoadOptions());
        float[] values = [0.5f, -1f, 2f, 0f];
        long[] labels = [1, 0, 0, 1];
        float[] weights = [3, 0.5f];
        head.Objective = new ClassLoss { FocalGamma = 2, ClassWeights = weights };

        var expected = 0.0;
        for (var i = 0; i < values.Length; i++)
        {
            var likely = 1 / (1 + Math.Exp(labels[i] == 1 ? -values[i] : values[i]));
            expected -= (labels[i] == 1 ? weights[i % 2] : 1) * Math.Pow(1 - likely, 2) * Math.Log(likely);
        }

        Assert.Equal(expected / 4, head.LossOf(tensor(values, [2, 2]), labels).item<float>(), 1e-6);

        head.Objective = new ClassLoss { FocalGamma = 0.5 };
        using var far = tensor(new[] { 200f, -200f, 90f, -15f }, [2, 2], requires_grad: true);
        head.LossOf(far, [1, 0, 1, 0]).backward();
        Assert.All(far.grad!.data<float>().ToArray(), gradient => Assert.True(float.IsFinite(gradient), $"{gradient}"));

        head.Objective = new ClassLoss { LabelSmoothing = 0.1 };
        Assert.Contains("label smoothing is for tasks with one label", Assert.Throws<ArgumentException>(() => head.LossOf(far, [1, 0, 1, 0])).Message, StringComparison.Ordinal);
    }
}
