using System.Security.Cryptography;
using Sweeps.Benchmarks.Training;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Sweeps.Data.Campaigns;
using Sweeps.Data.Readers;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Benchmarks.Checkpoints;

/// <summary>A training job as a trainer gets it: a base, the quickstart's data in as many copies as it takes, settings.</summary>
internal static class CheckpointJob
{
    private const string BuiltIn = "src/Sweeps.Trainer/Bases/tiny-gemma3";

    /// <summary>The built-in base model's folder, found from the program's own upwards.</summary>
    /// <exception cref="FormatException">It is not there.</exception>
    public static string BuiltInBase()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, BuiltIn);
            if (Directory.Exists(path))
            {
                return path;
            }
        }

        throw new FormatException($"no {BuiltIn} above {AppContext.BaseDirectory}: run the program where the repository built it");
    }

    /// <summary>Writes a base of random weights that reads the quickstart's words.</summary>
    public static string WriteBase(string folder, Gemma3Shape shape)
    {
        CampaignTokenizer.Write(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), shape.Config);
        using var model = ModelFamilies.Create(ModelConfig.Read(folder), new LoadOptions { Seed = 1 });
        SafetensorsWriter.Save(
            Path.Combine(folder, "model.safetensors"),
            model.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)));
        return folder;
    }

    /// <summary>Writes the data and makes the assignment.</summary>
    /// <param name="root">A folder of its own.</param>
    /// <param name="baseFolder">The base model.</param>
    /// <param name="rows">Training rows, at least; one epoch of them.</param>
    /// <param name="batchSize">Rows a step.</param>
    /// <param name="interval">Seconds between checkpoints.</param>
    public static JobAssignment Write(string root, string baseFolder, long rows, int batchSize, double interval)
    {
        Directory.CreateDirectory(root);
        var data = CampaignGenerator.Generate(CampaignPreset.V25, validation: 30);
        var inputs = new List<AssignedInput>
        {
            Rows(root, "train", data.Train, (int)Math.Max(1, Math.Ceiling((double)rows / data.Train.Rows.Count))),
            Rows(root, "validation", data.Validation, 1),
        };
        inputs.AddRange(Directory.EnumerateFiles(baseFolder)
            .Where(path => Path.GetExtension(path) is ".json" or ".safetensors")
            .Select(path => Input("base/" + Path.GetFileName(path), path)));
        var settings = new TrialSettings
        {
            Base = baseFolder,
            BatchSize = batchSize,
            CheckpointSeconds = interval,
            Data = new DataSettings { LabelColumn = CampaignData.LabelColumn, Labels = CampaignWords.Labels },
            Epochs = 1,
            LearningRate = 1e-4,
            MaxLength = 64,
            Schedule = "constant",
            Template = CampaignData.TextTemplate,
        };
        return new JobAssignment
        {
            Job = JobId.Train("benchmark", 1),
            Attempt = 1,
            Settings = SweepsJson.Write(settings),
            Inputs = inputs,
            Checkpoints = [],
            Directory = Path.Combine(root, "attempt-1"),
        };
    }

    private static AssignedInput Rows(string root, string role, DataTable table, int copies)
    {
        var path = Path.Combine(root, role);
        string[] columns = ["text", CampaignData.LabelColumn];
        var rows = table.Rows.Select(row => (string[])[.. columns.Select(column => row[column])]).ToArray();
        CsvWriter.Write(path, columns, Enumerable.Repeat(rows, copies).SelectMany(copy => copy));
        return Input(role, path);
    }

    private static AssignedInput Input(string role, string path)
    {
        using var file = File.OpenRead(path);
        return new AssignedInput(role, path, Convert.ToHexStringLower(SHA256.HashData(file)), file.Length);
    }
}
