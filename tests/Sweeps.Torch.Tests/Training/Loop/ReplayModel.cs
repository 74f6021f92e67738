using System.Text.Json;
using Sweeps.Core.Spec;
using Sweeps.Data.Metrics;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using Sweeps.Torch.Tests.Models;
using Sweeps.Torch.Tests.Models.Golden;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;
using Sweeps.Training.Tasks;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Loop;

/// <summary>Model and rows of a recorded run.</summary>
internal sealed class ReplayModel : IDisposable
{
    private const int FirstRows = 6;

    private readonly List<IDisposable> _owned = [];
    private readonly int[][] _rows;
    private readonly int[] _truth;
    private readonly Func<int[][], Tensor> _logits;

    private ReplayModel(
        IReadOnlyList<NamedParameter> trainable, ITrainingTask train, ITrainingTask validation, int[][] rows, int[] truth, Func<int[][], Tensor> logits)
    {
        (Trainable, Train, Validation, _rows, _truth, _logits) = (trainable, train, validation, rows, truth, logits);
    }

    public static TrialSettings Base { get; } = new()
    {
        Base = "golden",
        Template = "{text}",
        Data = new DataSettings { Labels = [] },
    };

    public IReadOnlyList<NamedParameter> Trainable { get; }

    public ITrainingTask Train { get; }

    public ITrainingTask Validation { get; }

    /// <summary>A sequence classifier, its labels one a row.</summary>
    public static ReplayModel Classifier(JsonElement file, string weights, double labelSmoothing = 0)
    {
        using var folder = SafetensorsFolder.OpenFile(SharedFiles.Golden(weights));
        var body = ModelFamilies.Load(ModelConfig.Parse("golden", file.GetProperty("config").GetRawText()), folder);
        var head = new LinearHead(body, file.GetProperty("num_labels").GetInt32(), new LoadOptions(), folder);
        head.Objective = new ClassLoss { LabelSmoothing = labelSmoothing };
        var model = new TrialModel(body, head, new FullFineTuning(body, head.Parameters));
        var pad = (int)(body.PadTokenId ?? 0);
        var (train, validation) = (Labelled(file, "train"), Labelled(file, "eval"));
        ClassifierTask Task(EncodedSplit rows) => new(body, head, rows, pad);
        var replay = new ReplayModel(model.Trainable, Task(train), Task(validation), validation.Rows, [.. validation.Labels.Select(own => own[0])], rows =>
        {
            using var batch = BatchBuilder.Pad(rows, pad);
            return model.Logits(batch, DropoutContext.None);
        });
        replay._owned.AddRange([replay.Train, replay.Validation, model]);
        return replay;
    }

    /// <summary>A causal language model, its labels one a token.</summary>
    public static ReplayModel Language(JsonElement file, string weights, double labelSmoothing = 0, bool gradesEverything = false)
    {
        using var folder = SafetensorsFolder.OpenFile(SharedFiles.Golden(weights));
        var body = ModelFamilies.Load(ModelConfig.Parse("golden", file.GetProperty("config").GetRawText()), folder);
        var pad = (int)(body.PadTokenId ?? 0);
        LanguageTask Task(IEnumerable<GradedRow> rows) => new(body, [.. rows], pad, new ClassLoss { LabelSmoothing = labelSmoothing });
        var train = Graded(file, "train").Select(row => gradesEverything ? row with { Labels = [.. row.Ids.Select(id => (long)id)] } : row);
        var validation = Graded(file, "eval").ToList();
        int[][] prompts = [.. validation.Select(row => row.Ids)];
        var replay = new ReplayModel(new FullFineTuning(body, []).Trainable, Task(train), Task(validation), prompts, [], rows =>
        {
            using var batch = BatchBuilder.Pad(rows, pad);
            return body.Logits(Transformer.Rows(body.Hidden(batch, DropoutContext.None), batch, batch.LastAttended()));
        });
        replay._owned.AddRange([replay.Train, replay.Validation, body]);
        return replay;
    }

    /// <summary>An encoder-decoder, its labels what is written; logits are those of the last token of each answer.</summary>
    public static ReplayModel Sequence(JsonElement file, string weights)
    {
        using var folder = SafetensorsFolder.OpenFile(SharedFiles.Golden(weights));
        var body = (EncoderDecoder)ModelFamilies.Load(ModelConfig.Parse("golden", file.GetProperty("config").GetRawText()), folder);
        var pad = (int)(body.PadTokenId ?? 0);
        SequenceTask Task(string split) => new(
            body,
            [.. file.GetProperty(split).EnumerateArray().Select(row => new AnsweredRow(Ids(row), GoldenCase.Longs(row.GetProperty("labels"))))],
            pad);
        var texts = file.GetProperty("eval").EnumerateArray().ToList();
        Tensor Last(int row)
        {
            var answer = GoldenCase.Longs(texts[row].GetProperty("labels"));
            using var source = BatchBuilder.Pad([Ids(texts[row])], pad);
            using var target = body.ShiftRight(answer, 1, answer.Length);
            var read = body.ReadSource(body.Hidden(source, DropoutContext.None), source, DropoutContext.None);
            return body.Logits(body.DecoderHidden(read, target, DropoutContext.None).select(1, answer.Length - 1));
        }

        var replay = new ReplayModel(
            new FullFineTuning(body, []).Trainable,
            Task("train"),
            Task("eval"),
            [.. texts.Select(Ids)],
            [],
            rows => cat([.. Enumerable.Range(0, rows.Length).Select(Last)], 0));
        replay._owned.AddRange([replay.Train, replay.Validation, body]);
        return replay;
    }

    /// <summary>Logits of the first validation rows.</summary>
    public Tensor FirstLogits() => _logits(_rows[..FirstRows]);

    /// <summary>Metrics of the validation rows.</summary>
    public ClassificationMetrics Metrics()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var logits = _logits(_rows);
        int[] predicted = [.. logits.argmax(1).data<long>().ToArray().Select(label => (int)label)];
        return ClassificationMetrics.Of(_truth, predicted, (int)logits.size(1));
    }

    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    private static EncodedSplit Labelled(JsonElement file, string split)
    {
        var rows = file.GetProperty(split).EnumerateArray().ToList();
        return new EncodedSplit(
            [.. rows.Select(Ids)], [.. rows.Select(row => row.GetProperty("labels").GetInt32())], 0);
    }

    private static IEnumerable<GradedRow> Graded(JsonElement file, string split) =>
        file.GetProperty(split).EnumerateArray().Select(row => new GradedRow(Ids(row), GoldenCase.Longs(row.GetProperty("labels"))));

    private static int[] Ids(JsonElement row) => [.. GoldenCase.Longs(row.GetProperty("input_ids")).Select(id => (int)id)];
}
