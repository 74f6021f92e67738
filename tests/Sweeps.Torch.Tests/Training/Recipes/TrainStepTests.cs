using Sweeps.Core.Spec;
using Sweeps.Data.Facts;
using Sweeps.Data.Tokenizers;
using Sweeps.Models;
using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;
using Sweeps.Training.Tasks;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Recipes;

/// <summary>Loss and gradients of one optimiser step.</summary>
public sealed class TrainStepTests : IDisposable
{
    private readonly TrialWorkplace _place = new();
    private readonly List<IDisposable> _made = [];

    public void Dispose()
    {
        _made.ForEach(made => made.Dispose());
        _place.Dispose();
    }

    [Theory]
    [InlineData("none", "linear", "constrained")]
    [InlineData("balanced", "linear", "constrained")]
    [InlineData("balanced", "label-tokens", "constrained")]
    [InlineData("balanced", "label-tokens", "vocabulary")]
    public void Four_micro_batches_equal_one_batch(string weights, string head, string loss)
    {
        var settings = TrialWorkplace.Settings with { Head = head, Loss = loss, Clip = 0, ClassWeights = weights };
        int[] rows = [.. Enumerable.Range(0, 22)];
        var (whole, gradients) = Step(settings, [rows]);
        var (parts, others) = Step(settings, [rows[..6], rows[6..12], rows[12..18], rows[18..]]);
        Assert.Equal(whole.Loss, parts.Loss, 1e-6);
        Assert.Equal(whole.GradientNorm, parts.GradientNorm, 1e-5 * whole.GradientNorm);
        Assert.All(gradients.Zip(others), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    [Fact]
    public void Class_weights_weigh_rows_as_cross_entropy_does()
    {
        var settings = TrialWorkplace.Settings with { Clip = 0, ClassWeights = "custom", CustomClassWeights = [3, 0.5, 1.25] };
        int[] rows = [.. Enumerable.Range(0, 16)];
        var (result, _) = Step(settings, [rows]);

        var (model, split, encoding) = Build(settings);
        using var scope = NewDisposeScope();
        using var batch = BatchBuilder.Pad([.. rows.Select(row => split.Rows[row])], encoding.PadId);
        var expected = nn.functional.cross_entropy(
            model.Logits(batch, DropoutContext.None),
            tensor(rows.Select(row => (long)split.Label(row)).ToArray()),
            tensor(new[] { 3f, 0.5f, 1.25f }));
        Assert.Equal(expected.item<float>(), result.Loss, 1e-6);
    }

    [Fact]
    public void Gradients_are_clipped_and_the_norm_before_is_told()
    {
        int[] rows = [.. Enumerable.Range(0, 16)];
        var (free, gradients) = Step(TrialWorkplace.Settings with { Clip = 0 }, [rows]);
        var (clipped, scaled) = Step(TrialWorkplace.Settings with { Clip = free.GradientNorm / 4 }, [rows]);
        Assert.Equal(free.GradientNorm, clipped.GradientNorm, 12);
        Assert.All(gradients.Zip(scaled), pair => Assert.Equal(pair.First / 4, pair.Second, 1e-5f));
    }

    [Fact]
    public void An_unusable_setting_is_refused_in_words()
    {
        var wrong = TrialWorkplace.Settings with { ClassWeights = "custom", CustomClassWeights = [1, 2] };
        var error = Assert.Throws<Sweeps.Training.TrainingException>(() => Step(wrong, [[0]]));
        Assert.Equal(Core.States.FailureClass.BadSpec, error.Failure);
        Assert.Contains("one positive number for each of the 3 labels", error.Message, StringComparison.Ordinal);
    }

    private ((double Loss, double GradientNorm, int Tokens) Result, float[] Gradients) Step(TrialSettings settings, int[][] group)
    {
        var (model, split, encoding) = Build(settings);
        using var task = TrialTask.Of(model, settings, split, encoding);
        var step = new TrainStep(model.Trainable, task, TrialTask.Order(task, settings), settings);
        var result = step.Run(group, 0, () => { });
        return (result, [.. model.Trainable.Where(parameter => parameter.Value.grad is not null)
            .SelectMany(parameter => parameter.Value.grad!.data<float>().ToArray())]);
    }

    /// <summary>The tiny Gemma 3: without dropout, so that micro-batches can be compared.</summary>
    private (TrialModel Model, EncodedSplit Split, TextEncoding Encoding) Build(TrialSettings settings)
    {
        var tokenizer = TokenizerLoader.Load(_place["gemma3"]);
        var encoding = new TextEncoding(settings, tokenizer, 40);
        var split = encoding.Encode(encoding.Read(_place["train.csv"]), () => { });
        var model = TrialModel.Build(settings, _place["gemma3"], LabelSet.Declared(settings.Data.Labels), tokenizer);
        _made.Add(model);
        return (model, split, encoding);
    }
}
