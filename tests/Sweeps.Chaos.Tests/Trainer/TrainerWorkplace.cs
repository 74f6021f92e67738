using System.Security.Cryptography;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Sweeps.Data.Campaigns;

namespace Sweeps.Chaos.Tests.Trainer;

/// <summary>A folder with pinned campaigns and attempts' folders, as a worker would hand them to a trainer.</summary>
public sealed class TrainerWorkplace : IDisposable
{
    private readonly List<AssignedInput> _inputs;

    public TrainerWorkplace(int train = 480, int validation = 96, int test = 96)
    {
        Root = Directory.CreateTempSubdirectory("sweeps-trainer-").FullName;
        CampaignGenerator.Generate(CampaignPreset.V25, 1, train, validation, test).WriteCsv(Root);
        var folder = Path.Combine(Path.GetDirectoryName(Program)!, "bases", "tiny-gemma3");
        _inputs =
        [
            .. new[] { "train", "validation", "test" }.Select(role => Input(role, Path.Combine(Root, role + ".csv"))),
            .. Directory.EnumerateFiles(folder).Where(file => !file.EndsWith(".md", StringComparison.Ordinal))
                .Select(file => Input("base/" + Path.GetFileName(file), file)),
        ];
    }

    /// <summary>The trainer that was built with these tests.</summary>
    public static string Program { get; } = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "..", "..", "Sweeps.Trainer", new DirectoryInfo(AppContext.BaseDirectory).Name, "Sweeps.Trainer.dll"));

    public string Root { get; }

    public static TrialSettings Settings { get; } = new()
    {
        Base = "builtin:tiny-gemma3",
        Method = "lora",
        Rank = 4,
        LoraDropout = 0.1,
        Epochs = 2,
        LearningRate = 3e-3,
        CheckpointSeconds = 0,
        CheckpointSteps = 5,
        Template = CampaignData.Template,
        Data = new DataSettings { Labels = CampaignWords.Labels },
    };

    /// <summary>An attempt at the train job of a trial.</summary>
    public JobAssignment Train(int trial, int attempt, TrialSettings? settings = null, IEnumerable<OfferFrame>? committed = null) =>
        Assign(JobId.Train("s", trial), attempt, settings ?? Settings, committed);

    public JobAssignment Assign(JobId job, int attempt, TrialSettings settings, IEnumerable<OfferFrame>? committed = null) => new()
    {
        Job = job,
        Attempt = attempt,
        Settings = SweepsJson.Write(settings),
        Inputs = _inputs,
        Checkpoints =
        [
            .. (committed ?? []).Where(offer => offer.Checkpoint is not null).Reverse().Select(offer => new AssignedCheckpoint(
                offer.Attempt, offer.Checkpoint!.Step, offer.Checkpoint.Directory, offer.Checkpoint.Sha256, offer.Checkpoint.HasState, offer.Checkpoint.IsBest)),
        ],
        Directory = AttemptFolder(job, attempt),
        FormerDirectories = [.. Enumerable.Range(1, attempt - 1).Select(former => AttemptFolder(job, former))],
    };

    public string AttemptFolder(JobId job, int attempt) =>
        Path.Combine(Root, "sweeps", Core.Homes.SweepsHome.AttemptDirectory(job, attempt));

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static AssignedInput Input(string role, string path)
    {
        var bytes = File.ReadAllBytes(path);
        return new AssignedInput(role, path, Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.Length);
    }
}
