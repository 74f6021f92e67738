using System.Text.Json;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using Sweeps.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>One reference file with its model, head and inputs.</summary>
internal sealed class GoldenCase : IDisposable
{
    private GoldenCase(JsonElement json, JsonElement baseJson, string weights, string? configOverride)
    {
        Json = json;
        BaseJson = baseJson;
        using var folder = SafetensorsFolder.OpenFile(weights);
        var config = ModelConfig.Parse("golden", configOverride ?? baseJson.GetProperty("config").GetRawText());
        Model = ModelFamilies.Load(config, folder);
        var ids = Longs(json.GetProperty("input_ids"));
        var rows = json.GetProperty("input_ids").GetArrayLength();
        Batch = new TokenBatch(
            ids,
            rows,
            ids.Length / rows,
            Longs(json.GetProperty("attention_mask")),
            json.TryGetProperty("token_type_ids", out var types) ? Longs(types) : null);
        if (json.GetProperty("mode").GetString() == "cls")
        {
            var shape = Longs(json.GetProperty("logits_shape"));
            Head = new LinearHead(Model, (int)shape[1], new LoadOptions(), folder);
        }
    }

    public JsonElement Json { get; }

    public JsonElement BaseJson { get; }

    public Transformer Model { get; }

    public LinearHead? Head { get; }

    public TokenBatch Batch { get; }

    public IReadOnlyList<NamedParameter> HeadParameters => Head?.Parameters ?? [];

    public static GoldenCase Load(string name, string? configOverride = null)
    {
        var json = Read(name);
        var baseName = json.TryGetProperty("base", out var named) ? named.GetString()! : name;
        return new GoldenCase(
            json, baseName == name ? json : Read(baseName), SharedFiles.Golden(baseName + ".safetensors"), configOverride);
    }

    public static JsonElement Read(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(SharedFiles.Golden(name + ".json")));
        return document.RootElement.Clone();
    }

    public static long[] Longs(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray().SelectMany(Longs)] : [element.GetInt64()];

    public static float[] Floats(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray().SelectMany(Floats)] : [element.GetSingle()];

    public Tensor Hidden() => Model.Hidden(Batch, DropoutContext.None);

    /// <summary>Classifier scores, or vocabulary logits of every position as rows.</summary>
    public Tensor Logits() =>
        Head is null
            ? Model.Logits(Hidden().view(-1, Model.HiddenSize))
            : Head.Logits(Model, Hidden(), Batch, DropoutContext.None);

    public Tensor Loss()
    {
        var labels = Longs(Json.GetProperty("labels"));
        if (Head is not null)
        {
            return Head.Loss(Model, Hidden(), Batch, labels, DropoutContext.None);
        }

        var (positions, targets) = CausalLanguageLoss.Supervised(labels, Batch.Rows, Batch.Length);
        return CausalLanguageLoss.Loss(Model, Hidden(), Batch, positions, targets);
    }

    /// <summary>Compares logits at attended positions (rows of a classifier are all compared); a file may hold only the first.</summary>
    public void CheckLogits(string field, double tolerance)
    {
        using var scope = NewDisposeScope();
        var expected = Floats(Json.GetProperty(field));
        var actual = Logits().data<float>().ToArray();
        Assert.InRange(expected.Length, 1, actual.Length);
        var width = Head?.LabelCount ?? Model.VocabularySize;
        for (var i = 0; i < expected.Length; i++)
        {
            if (Head is not null || Batch.Attended[i / width])
            {
                Assert.Equal(expected[i], actual[i], tolerance);
            }
        }
    }

    /// <summary>
    /// Five AdamW steps at the file's learning rates, with weight decay 0.01 and clipping at 1; compares each loss and
    /// gradient norm, and the loss after them.
    /// </summary>
    public void CheckTraining(IReadOnlyList<NamedParameter> trainable, double lossTolerance, double normTolerance)
    {
        using var optimiser = new AdamW(trainable, new AdamWOptions { WeightDecay = 0.01 });
        foreach (var row in Json.GetProperty("train5_loss_gradnorm_lr").EnumerateArray())
        {
            using var scope = NewDisposeScope();
            optimiser.ZeroGradients();
            var loss = Loss();
            loss.backward();
            AssertRelative(row[0].GetDouble(), loss.item<float>(), lossTolerance, "loss");
            AssertRelative(row[1].GetDouble(), GradientClipping.Clip(trainable, 1.0), normTolerance, "gradient norm");
            optimiser.Step(row[2].GetDouble());
        }

        using var last = NewDisposeScope();
        AssertRelative(Json.GetProperty("final_loss").GetDouble(), Loss().item<float>(), lossTolerance, "final loss");
    }

    /// <summary>Compares the norm of every parameter's gradient after one backward pass.</summary>
    /// <param name="trainable">What has gradients.</param>
    /// <param name="tolerance">Relative, with a floor of 0.01 on the reference.</param>
    /// <param name="nameOf">Name in the file.</param>
    public void CheckGradients(IReadOnlyList<NamedParameter> trainable, double tolerance, Func<string, string> nameOf)
    {
        using var scope = NewDisposeScope();
        var loss = Loss();
        loss.backward();
        Assert.Equal(Json.GetProperty("loss").GetDouble(), loss.item<float>(), 1e-5 * Math.Max(1, loss.item<float>()));
        var norms = Json.GetProperty("grad_norms").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetDouble());
        foreach (var parameter in trainable.Where(parameter => norms.ContainsKey(nameOf(parameter.Name))))
        {
            // The gradient of BERT's key biases is zero in exact arithmetic: noise.
            if (!parameter.Name.EndsWith("key.bias", StringComparison.Ordinal))
            {
                AssertRelative(norms[nameOf(parameter.Name)], GradientClipping.Norm([parameter]), tolerance, parameter.Name);
            }

            norms.Remove(nameOf(parameter.Name));
        }

        Assert.Empty(norms);
        AssertRelative(Json.GetProperty("total_grad_norm").GetDouble(), GradientClipping.Norm(trainable), tolerance, "total");
        foreach (var parameter in trainable)
        {
            parameter.Value.grad = null;
        }
    }

    public static void AssertRelative(double expected, double actual, double tolerance, string what)
    {
        var error = Math.Abs(expected - actual) / Math.Max(Math.Abs(expected), 0.01);
        Assert.True(error <= tolerance, $"{what}: expected {expected}, got {actual}, relative error {error:g3} above {tolerance:g3}");
    }

    public void Dispose()
    {
        Batch.Dispose();
        Head?.Dispose();
        Model.Dispose();
    }
}
