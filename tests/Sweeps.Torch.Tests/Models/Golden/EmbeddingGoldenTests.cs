using System.Text.Json;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>Sentence embeddings of MiniLM-like encoders: mean over attended tokens, then unit length.</summary>
[Trait("Category", "Golden")]
public sealed class EmbeddingGoldenTests
{
    [Fact]
    public void Small_encoder_without_prefix_and_pooler()
    {
        using var golden = GoldenCase.Load("minilm_embed");
        using var scope = NewDisposeScope();
        using var off = no_grad();

        var hidden = golden.Hidden();
        var mean = MeanPooling.Of(hidden, golden.Batch);
        var embeddings = Embed(golden.Model, golden.Batch);

        Near("token_embeddings_row1", hidden[1].narrow(0, 0, 5));
        Near("mean_pooled", mean);
        Near("embeddings", embeddings);
        Near("cosine", nn.functional.linear(embeddings, embeddings));

        void Near(string field, Tensor actual)
        {
            var worst = new Worst($"minilm_embed {field}", 1e-5);
            var expected = GoldenCase.Floats(golden.Json.GetProperty(field));
            var found = actual.contiguous().data<float>().ToArray();
            Assert.Equal(expected.Length, found.Length);
            for (var i = 0; i < expected.Length; i++)
            {
                worst.Absolute(expected[i], found[i], $"value {i}");
            }

            worst.Check();
        }
    }

    [Fact]
    public void Gradients_of_a_cosine_and_names_without_the_prefix()
    {
        using var golden = GoldenCase.Load("minilm_embed");
        using var method = new FullFineTuning(golden.Model, []);
        var names = golden.Json.GetProperty("param_names").EnumerateArray().Select(name => "bert." + name.GetString());

        Assert.Equal(names, golden.Model.Parameters.Select(p => p.Name).Where(name => !name.Contains("pooler", StringComparison.Ordinal)));
        golden.CheckGradients(method.Trainable, 1e-4, name => name["bert.".Length..], () =>
        {
            var embeddings = Embed(golden.Model, golden.Batch);
            return (embeddings[0] * embeddings[1]).sum();
        });
    }

    [Fact]
    public void Real_MiniLM_weights()
    {
        using var checks = JsonDocument.Parse(File.ReadAllBytes(SharedFiles.Need("models/checks.json")));
        var check = checks.RootElement.GetProperty("all-MiniLM-L6-v2");
        using var model = ModelFamilies.Load(Path.Combine(RealModels.Folder(), "all-MiniLM-L6-v2"));
        var rows = check.GetProperty("ids").EnumerateArray().Select(GoldenCase.Longs).ToList();
        var length = rows.Max(row => row.Length);
        using var batch = new TokenBatch(
            [.. rows.SelectMany(row => Padded(row, length))],
            rows.Count,
            length,
            [.. rows.SelectMany(row => Padded(Array.ConvertAll(row, _ => 1L), length))]);
        using var scope = NewDisposeScope();
        using var off = no_grad();

        var embeddings = Embed(model, batch);
        var pooled = model.Pooled(
            model.HiddenAt(batch, batch.FirstTokens(), DropoutContext.None), HeadPooling.Pooled, DropoutContext.None);

        Near(check.GetProperty("embedding_first16"), embeddings.narrow(1, 0, 16));
        Near(check.GetProperty("cosine"), nn.functional.linear(embeddings, embeddings));
        Near(check.GetProperty("pooler_output_first8"), pooled.narrow(1, 0, 8));

        static void Near(JsonElement expected, Tensor actual) => Assert.Equal(
            GoldenCase.Floats(expected), actual.contiguous().data<float>().ToArray(), (a, b) => Math.Abs(a - b) <= 2e-5f);
    }

    private static long[] Padded(long[] row, int length) => [.. row, .. new long[length - row.Length]];

    private static Tensor Embed(Transformer model, TokenBatch batch)
    {
        var mean = MeanPooling.Of(model.Hidden(batch, DropoutContext.None), batch);
        return mean / mean.square().sum(1, keepdim: true).sqrt();
    }
}
