using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Heads;

/// <summary>
/// The vocabulary projection only where a label is graded, and the last block too, against the plain computation of
/// Transformers: logits of all positions, shifted, with ignored labels.
/// </summary>
public sealed class CausalLanguageLossTests
{
    // Two graded tokens in the first text, none in the second, one at its end in the third.
    private static readonly long[] Labels =
    [
        -100, -100, -100, 8, 61, -100, -100, -100,
        -100, -100, -100, -100, -100, -100, -100, -100,
        -100, -100, -100, -100, -100, 26, -100, -100,
    ];

    [Theory]
    [InlineData("gemma3")]
    [InlineData("qwen3")]
    [InlineData("llama")]
    [InlineData("mistral")]
    public void Loss_and_gradients_equal_the_plain_computation(string family)
    {
        using var model = TinyModels.Decoder(family);
        using var method = new FullFineTuning(model, []);
        using var batch = TinyModels.Batch();
        var (positions, targets) = CausalLanguageLoss.Supervised(Labels, batch.Rows, batch.Length);
        Assert.Equal([2, 3, 20], positions);
        Assert.Equal([8, 61, 26], targets);

        var plain = Measure(method, () => Plain(model, batch));
        var graded = Measure(method, () => CausalLanguageLoss.Loss(
            model, model.Hidden(batch, DropoutContext.None), batch, positions, targets));
        var fast = Measure(method, () => CausalLanguageLoss.Loss(model, batch, positions, targets, DropoutContext.None));

        foreach (var (loss, gradients) in new[] { graded, fast })
        {
            Assert.Equal(plain.Loss, loss, 1e-5);
            foreach (var (name, expected) in plain.Gradients)
            {
                Assert.True(
                    gradients[name].Zip(expected).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-5 * Math.Max(1, Math.Abs(pair.Second))),
                    name);
            }
        }
    }

    [Fact]
    public void Positions_may_come_in_any_order()
    {
        using var model = TinyModels.Decoder("qwen3");
        using var batch = TinyModels.Batch();
        using var scope = NewDisposeScope();
        using var off = no_grad();
        long[] positions = [17, 3, 5, 0, 16, 18];

        var chosen = model.HiddenAt(batch, positions, DropoutContext.None);

        var whole = Transformer.Rows(model.Hidden(batch, DropoutContext.None), batch, positions);
        Assert.True(chosen.allclose(whole, 1e-5, 1e-5));
    }

    private static Tensor Plain(Transformer model, TokenBatch batch)
    {
        var logits = model.Logits(model.Hidden(batch, DropoutContext.None).view(-1, model.HiddenSize))
            .view(batch.Rows, batch.Length, -1);
        var targets = tensor(Labels, [batch.Rows, batch.Length]);
        return nn.functional.cross_entropy(
            logits.narrow(1, 0, batch.Length - 1).reshape(-1, model.VocabularySize),
            targets.narrow(1, 1, batch.Length - 1).reshape(-1),
            ignore_index: -100);
    }

    private static (double Loss, Dictionary<string, float[]> Gradients) Measure(FullFineTuning method, Func<Tensor> make)
    {
        using var scope = NewDisposeScope();
        var loss = make();
        loss.backward();
        var gradients = method.Trainable.ToDictionary(p => p.Name, p => p.Value.grad!.cpu().contiguous().data<float>().ToArray());
        foreach (var parameter in method.Trainable)
        {
            parameter.Value.grad = null;
        }

        return (loss.item<float>(), gradients);
    }
}
