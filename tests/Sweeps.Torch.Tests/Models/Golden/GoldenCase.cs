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

/// <summary>One reference file, or one case of a file, with its model, head and inputs.</summary>
internal sealed class GoldenCase : IDisposable
{
    private readonly string name;

    private GoldenCase(string name, JsonElement json, string baseName, string? config, LoadOptions options, bool multiLabel)
    {
        this.name = name;
        Json = json;
        BaseJson = Read(baseName);
        using var folder = SafetensorsFolder.OpenFile(SharedFiles.Golden(baseName + ".safetensors"));
        var fields = json.TryGetProperty("config", out var own) ? own : BaseJson.GetProperty("config");
        Model = ModelFamilies.Load(ModelConfig.Parse("golden", config ?? fields.GetRawText()), folder, options);
        Batch = BatchOf(json.TryGetProperty("input_ids", out _) ? json : BaseJson);
        if (BaseJson.GetProperty("mode").GetString() == "cls")
        {
            var labels = (int)Longs(BaseJson.GetProperty("logits_shape"))[1];
            Head = multiLabel
                ? new MultiLabelHead(Model, labels, options, folder)
                : new LinearHead(Model, labels, options, folder);
        }
    }

    public JsonElement Json { get; }

    public JsonElement BaseJson { get; }

    public Transformer Model { get; }

    public LinearHead? Head { get; }

    public TokenBatch Batch { get; }

    public IReadOnlyList<NamedParameter> HeadParameters => Head?.Parameters ?? [];

    /// <summary>A whole file; its weights lie in the file of the same name or in the one it calls base.</summary>
    /// <param name="name">Without ending.</param>
    /// <param name="config">Replaces the config in the file.</param>
    /// <param name="options">Type of the weights.</param>
    public static GoldenCase Load(string name, string? config = null, LoadOptions? options = null)
    {
        var json = Read(name);
        var baseName = json.TryGetProperty("base", out var named) ? Path.GetFileNameWithoutExtension(named.GetString()!) : name;
        return new GoldenCase(name, json, baseName, config, options ?? new LoadOptions(), false);
    }

    /// <summary>One of the cases inside a file, on the weights of the file it calls base.</summary>
    public static GoldenCase Of(JsonElement json, bool multiLabel = false, LoadOptions? options = null)
    {
        var baseName = json.GetProperty("base").GetString()!;
        var kind = json.TryGetProperty("kind", out var named) ? named.GetString()! : "case";
        return new GoldenCase($"{baseName} {kind}", json, baseName, null, options ?? new LoadOptions(), multiLabel);
    }

    public static JsonElement Read(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(SharedFiles.Golden(name + ".json")));
        return document.RootElement.Clone();
    }

    public static long[] Longs(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray().SelectMany(Longs)] : [(long)element.GetDouble()];

    public static float[] Floats(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray().SelectMany(Floats)] : [element.GetSingle()];

    /// <summary>The texts in the fields input_ids, attention_mask and token_type_ids.</summary>
    public static TokenBatch BatchOf(JsonElement json)
    {
        var ids = Longs(json.GetProperty("input_ids"));
        var rows = json.GetProperty("input_ids").GetArrayLength();
        return new TokenBatch(
            ids,
            rows,
            ids.Length / rows,
            json.TryGetProperty("attention_mask", out var mask) ? Longs(mask) : null,
            json.TryGetProperty("token_type_ids", out var types) ? Longs(types) : null);
    }

    /// <summary>One text of the batch without its padding.</summary>
    public TokenBatch Alone(int row)
    {
        var kept = Enumerable.Range(row * Batch.Length, Batch.Length).Where(at => Batch.Attended[at]).ToArray();
        var types = Json.TryGetProperty("token_type_ids", out var given) ? Longs(given) : null;
        return new TokenBatch(
            [.. kept.Select(at => Batch.Ids[at])],
            1,
            kept.Length,
            null,
            types is null ? null : [.. kept.Select(at => types[at])]);
    }

    public Tensor Hidden(TokenBatch? batch = null) => Model.Hidden(batch ?? Batch, DropoutContext.None);

    /// <summary>Classifier scores, or vocabulary logits of every position as rows (of what is written, with a decoder).</summary>
    public Tensor Logits(TokenBatch? batch = null) =>
        Model is EncoderDecoder pair
            ? pair.Logits(WrittenHidden(pair, batch ?? Batch).view(-1, Model.HiddenSize))
            : Head is null
            ? Model.Logits(Hidden(batch).view(-1, Model.HiddenSize))
            : Head.Logits(Model, Hidden(batch), batch ?? Batch, DropoutContext.None);

    public Tensor Loss()
    {
        var labels = Longs((Json.TryGetProperty("labels", out var own) ? Json : BaseJson).GetProperty("labels"));
        if (Head is not null)
        {
            return Head.Loss(Model, Hidden(), Batch, labels, DropoutContext.None);
        }

        if (Model is EncoderDecoder pair)
        {
            return SequenceLoss.Loss(pair, Batch, labels, labels.Length / Batch.Rows, DropoutContext.None);
        }

        var (positions, targets) = CausalLanguageLoss.Supervised(labels, Batch.Rows, Batch.Length);
        return CausalLanguageLoss.Loss(Model, Hidden(), Batch, positions, targets);
    }

    /// <summary>Compares logits at attended positions (rows of a classifier are all compared); a file may hold only the first.</summary>
    public void CheckLogits(string field, double tolerance, TokenBatch? batch = null)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        batch ??= Batch;
        var expected = Floats(Json.GetProperty(field));
        var actual = Logits(batch).data<float>().ToArray();
        Assert.InRange(expected.Length, 1, actual.Length);
        var width = Head?.LabelCount ?? Model.VocabularySize;
        var worst = new Worst($"{name} {field}", tolerance);
        for (var i = 0; i < expected.Length; i++)
        {
            if (Head is not null || Model is EncoderDecoder || batch.Attended[i / width])
            {
                worst.Absolute(expected[i], actual[i], $"row {i / width}, column {i % width}");
            }
        }

        worst.Check();
    }

    /// <summary>Compares the norm of every layer's output over attended tokens, embeddings first.</summary>
    public void CheckHiddenNorms(double tolerance)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var expected = Floats(Json.GetProperty("hidden_norms"));
        var worst = new Worst($"{name} hidden norms", tolerance);
        var hidden = Model.Embed(Batch, DropoutContext.None);
        for (var layer = 0; layer < Model.LayerCount; layer++)
        {
            worst.Relative(expected[layer], NormOf(hidden), $"layer {layer}");
            hidden = Model.RunBlocks(hidden, Batch, layer, layer + 1, DropoutContext.None);
        }

        var last = Model.Finish(hidden);
        worst.Relative(expected[^1], NormOf(last), "last");
        worst.Check();
        if (Json.TryGetProperty("hidden_last_row0", out var row))
        {
            CheckFirstRow(Floats(row), last);
        }
    }

    /// <summary>Compares the last hidden states of the first text at attended tokens.</summary>
    private void CheckFirstRow(float[] expected, Tensor hidden)
    {
        var worst = new Worst($"{name} last hidden states of the first text", 5e-5);
        var actual = hidden[0].contiguous().data<float>().ToArray();
        Assert.InRange(expected.Length, 1, actual.Length);
        for (var at = 0; at < expected.Length; at++)
        {
            if (Batch.Attended[at / Model.HiddenSize])
            {
                worst.Absolute(expected[at], actual[at], $"token {at / Model.HiddenSize}, value {at % Model.HiddenSize}");
            }
        }

        worst.Check();
    }

    /// <summary>Euclidean norm over the attended tokens of [B, T, H].</summary>
    public double NormOf(Tensor hidden)
    {
        var attended = Array.ConvertAll(Batch.Attended.ToArray(), seen => seen ? 1f : 0f);
        return (hidden * tensor(attended, [Batch.Rows, Batch.Length, 1])).norm().item<float>();
    }

    /// <summary>
    /// Five AdamW steps at the file's learning rates, with weight decay 0.01 and clipping at 1; compares each loss and
    /// gradient norm, and the loss after them.
    /// </summary>
    public void CheckTraining(IReadOnlyList<NamedParameter> trainable, double lossTolerance, double normTolerance)
    {
        var losses = new Worst($"{name} losses of five steps", lossTolerance);
        var norms = new Worst($"{name} gradient norms of five steps", normTolerance);
        using var optimiser = new AdamW(trainable, new AdamWOptions { WeightDecay = 0.01 });
        var step = 0;
        foreach (var row in Json.GetProperty("train5_loss_gradnorm_lr").EnumerateArray())
        {
            using var scope = NewDisposeScope();
            optimiser.ZeroGradients();
            var loss = Loss();
            loss.backward();
            losses.Relative(row[0].GetDouble(), loss.item<float>(), $"step {++step}");
            norms.Relative(row[1].GetDouble(), GradientClipping.Clip(trainable, 1.0), $"step {step}");
            optimiser.Step(row[2].GetDouble());
        }

        using var last = NewDisposeScope();
        losses.Relative(Json.GetProperty("final_loss").GetDouble(), Loss().item<float>(), "after the last");
        losses.Check();
        norms.Check();
    }

    /// <summary>Compares the loss, and the norm of every parameter's gradient after one backward pass.</summary>
    /// <param name="trainable">What has gradients.</param>
    /// <param name="tolerance">Relative, with a floor of 0.01 on the reference.</param>
    /// <param name="nameOf">Name in the file.</param>
    /// <param name="make">The loss; null is that of the labels.</param>
    public void CheckGradients(
        IReadOnlyList<NamedParameter> trainable, double tolerance, Func<string, string> nameOf, Func<Tensor>? make = null)
    {
        using var scope = NewDisposeScope();
        var loss = (make ?? Loss)();
        loss.backward();
        if (Json.TryGetProperty("loss", out var expected))
        {
            var losses = new Worst($"{name} loss", 1e-5 * Math.Max(1, expected.GetDouble()));
            losses.Absolute(expected.GetDouble(), loss.item<float>(), "loss");
            losses.Check();
        }

        var worst = new Worst($"{name} gradient norms", tolerance);
        var norms = Json.GetProperty("grad_norms").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetDouble());
        foreach (var parameter in trainable.Where(parameter => norms.ContainsKey(nameOf(parameter.Name))))
        {
            // The gradient of BERT's key biases is zero in exact arithmetic: noise.
            if (!parameter.Name.EndsWith("key.bias", StringComparison.Ordinal))
            {
                worst.Relative(norms[nameOf(parameter.Name)], GradientClipping.Norm([parameter]), parameter.Name);
            }

            norms.Remove(nameOf(parameter.Name));
        }

        Assert.Empty(norms);
        if (Json.TryGetProperty("total_grad_norm", out var total))
        {
            worst.Relative(total.GetDouble(), GradientClipping.Norm(trainable), "total");
        }

        worst.Check();
        foreach (var parameter in trainable)
        {
            parameter.Value.grad = null;
        }
    }

    private Tensor WrittenHidden(EncoderDecoder model, TokenBatch source)
    {
        var labels = Longs(Json.GetProperty("labels"));
        using var written = model.ShiftRight(labels, source.Rows, labels.Length / source.Rows);
        return model.DecoderHidden(
            model.ReadSource(Hidden(source), source, DropoutContext.None), written, DropoutContext.None);
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
