using System.Text.Json;
using Sweeps.Models;
using Sweeps.Models.Loading;
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

        var embeddings = Embed(golden.Model, golden.Batch);

        var expected = GoldenCase.Floats(golden.Json.GetProperty("embeddings"));
        Assert.Equal(expected, embeddings.data<float>().ToArray(), (a, b) => Math.Abs(a - b) <= 1e-5f);
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
        var pooled = model.Pooled(model.HiddenAt(batch, batch.FirstTokens(), DropoutContext.None), DropoutContext.None);

        Near(check.GetProperty("embedding_first16"), embeddings.narrow(1, 0, 16));
        Near(check.GetProperty("cosine"), nn.functional.linear(embeddings, embeddings));
        Near(check.GetProperty("pooler_output_first8"), pooled.narrow(1, 0, 8));

        static void Near(JsonElement expected, Tensor actual) => Assert.Equal(
            GoldenCase.Floats(expected), actual.contiguous().data<float>().ToArray(), (a, b) => Math.Abs(a - b) <= 2e-5f);
    }

    private static long[] Padded(long[] row, int length) => [.. row, .. new long[length - row.Length]];

    private static Tensor Embed(Transformer model, TokenBatch batch)
    {
        var kept = tensor(Array.ConvertAll(batch.Attended.ToArray(), seen => seen ? 1f : 0f), [batch.Rows, batch.Length, 1]);
        var mean = (model.Hidden(batch, DropoutContext.None) * kept).sum(1) / kept.sum(1);
        return mean / mean.square().sum(1, keepdim: true).sqrt();
    }
}
