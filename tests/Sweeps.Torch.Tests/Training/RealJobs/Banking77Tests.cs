using System.Security.Cryptography;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Examples;
using Sweeps.Core.Trainer;
using Sweeps.Data.Readers;
using Sweeps.Search.Planning;
using Sweeps.Torch.Tests.Models;
using Sweeps.Torch.Tests.Models.Golden;
using Sweeps.Training;
using Sweeps.Training.Inputs;
using Xunit;

namespace Sweeps.Torch.Tests.Training.RealJobs;

/// <summary>A short form of the example <c>banking77-gemma3</c>: 200 rows, 20 steps, on the real weights.</summary>
public sealed class Banking77Tests(ITestOutputHelper output) : IDisposable
{
    private const int Rows = 200;
    private readonly string _root = Directory.CreateTempSubdirectory("sweeps-banking-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    public static TheoryData<string> Methods => [.. Plan(null).Trials.Select(trial => trial.Settings.Method)];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Twenty_steps_teach_it_to_write_labels(string method)
    {
        var data = SharedFiles.Need("data/banking77/train.csv");
        var folder = Path.Combine(RealModels.Folder(), "gemma-3-270m-32k");
        var table = DataReader.Read(data, ReadOptions.Default);
        // Every 50th row for training, others for validation: the file goes label by label.
        Write("train.csv", table, row => row % 50 == 0);
        Write("validation.csv", table, row => row % 500 == 7);
        var labels = table.Rows.Select(row => row["category"]).Distinct().Order(StringComparer.Ordinal).ToList();
        var settings = Plan(labels).Trials.Single(trial => trial.Settings.Method == method).Settings with
        {
            MaxSteps = 20,
            BatchSize = 8,
            EvaluationBatchSize = 10,
            CheckpointSeconds = 0,
        };
        var link = new RecordingLink();

        var ended = AttemptRunner.Run(Assign(folder, settings), new TrainerSession(), link, TimeProvider.System);

        Assert.True(ended is DoneFrame, $"{ended}");
        var losses = link.Offers.SelectMany(offer => offer.Points).Select(point => point.Loss).ToList();
        var evaluation = link.Offers.SelectMany(offer => offer.Evaluations).Last();
        output.WriteLine(FormattableString.Invariant(
            $"{method}: loss {losses[0]:0.00} to {losses[^1]:0.00}, {evaluation.Rows} rows: accuracy {evaluation.Accuracy:0.000}, {link.Offers[^1].StepSeconds:0.00} s a step"));
        Assert.Equal(20, losses.Count);
        Assert.True(losses.TakeLast(5).Average() < 0.6 * losses.Take(3).Average(), string.Join(' ', losses));
        Assert.True(evaluation.Accuracy > 2.0 / labels.Count, $"accuracy {evaluation.Accuracy}");
    }

    private static SweepPlan Plan(IReadOnlyList<string>? labels) => Planner.Plan(
        SpecReader.Read(SpecExamples.Get("banking77-gemma3")!, "banking77-gemma3.yaml").Spec!,
        new DataFacts { Labels = labels ?? ["a", "b"], Rows = new Dictionary<string, int> { ["train"] = Rows, ["validation"] = 20 } });

    private void Write(string name, DataTable table, Func<int, bool> takes)
    {
        using var file = new StreamWriter(Path.Combine(_root, name));
        file.Write("text,category\n");
        foreach (var row in table.Rows.Where((_, index) => takes(index)).Take(Rows))
        {
            file.Write($"\"{row["text"].Replace("\"", "\"\"", StringComparison.Ordinal)}\",{row["category"]}\n");
        }
    }

    private JobAssignment Assign(string folder, TrialSettings settings) => new()
    {
        Job = JobId.Train("banking77", 1),
        Attempt = 1,
        Settings = SweepsJson.Write(settings),
        Inputs =
        [
            Input("train", Path.Combine(_root, "train.csv")),
            Input("validation", Path.Combine(_root, "validation.csv")),
            .. Directory.EnumerateFiles(folder).Select(file => Input("base/" + Path.GetFileName(file), file)),
        ],
        Checkpoints = [],
        Directory = Path.Combine(_root, "attempt-1"),
    };

    private static AssignedInput Input(string role, string path)
    {
        using var stream = File.OpenRead(path);
        return new AssignedInput(role, path, Convert.ToHexStringLower(SHA256.HashData(stream)), stream.Length);
    }
}
