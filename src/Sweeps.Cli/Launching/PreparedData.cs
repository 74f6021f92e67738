using System.Security.Cryptography;
using Sweeps.Core.Api;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Data;
using Sweeps.Data.Campaigns;
using Sweeps.Data.Facts;
using Sweeps.Data.Readers;
using Sweeps.Data.Splits;
using Sweeps.Data.Templates;
using DataFacts = Sweeps.Core.Planning.DataFacts;

namespace Sweeps.Cli.Launching;

/// <summary>The data of a spec, read and checked before anything is started.</summary>
/// <param name="Facts">What the planner needs.</param>
/// <param name="Files">Files to upload, with their paths here.</param>
/// <param name="Warnings">What a person should know.</param>
internal sealed record PreparedData(
    DataFacts Facts,
    IReadOnlyList<(UploadedFile File, string Path)> Files,
    IReadOnlyList<string> Warnings)
{
    /// <summary>Reads, checks and hashes.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="folder">Folder that relative paths belong to.</param>
    /// <param name="scratch">Folder for generated data.</param>
    /// <exception cref="DataException">The data cannot be used; the message names file, line and fix.</exception>
    public static PreparedData Read(SweepSpec spec, string folder, string scratch)
    {
        var (train, validation, test) = Locate(spec, folder, scratch);
        var options = ReadOptions.Default with { Delimiter = spec.Defaults.Data.Delimiter is { Length: > 0 } d ? d[0] : null };
        var template = TextTemplate.Parse(spec.Defaults.Template);
        var label = spec.Defaults.Data.LabelColumn;

        var table = DataReader.Read(train, options);
        template.CheckColumns(table);
        var declared = Builtins.IsBuiltin(spec.Data.Train) ? CampaignWords.Labels : spec.Data.Labels;
        var labels = declared is null ? LabelSet.FromData(table, label) : LabelSet.Declared(declared);
        var facts = DataChecker.CheckTrain(table, template.Columns, label, labels);
        List<string> warnings = [.. facts.Warnings];
        var rows = new Dictionary<string, int>(StringComparer.Ordinal);
        if (validation is null)
        {
            var (kept, held) = ValidationSplit.Divide(table, labels, template.Columns, label, spec.Defaults.Data.ValidationShare);
            rows["train"] = kept.Rows.Count;
            rows["validation"] = held.Rows.Count;
        }
        else
        {
            rows["train"] = table.Rows.Count;
            rows["validation"] = Check(validation, "validation");
        }

        if (test is not null)
        {
            rows["test"] = Check(test, "test");
        }

        if (spec.Defaults.Data.MaxRows is > 0 and var most)
        {
            foreach (var split in rows.Keys.ToList())
            {
                rows[split] = Math.Min(rows[split], most);
            }
        }

        var found = new DataFacts
        {
            Labels = facts.Labels,
            Rows = rows,
            ClassCounts = facts.Labels.Zip(facts.RowsPerLabel).ToDictionary(p => p.First, p => p.Second),
            Columns = facts.Columns,
        };
        return new PreparedData(found, [.. Uploads(train, validation, test)], warnings);

        int Check(string path, string split)
        {
            var other = DataReader.Read(path, options);
            template.CheckColumns(other);
            var checkedFacts = DataChecker.Check(other, split, template.Columns, label, labels);
            warnings.AddRange(checkedFacts.Warnings);
            return checkedFacts.Rows;
        }
    }

    private static (string Train, string? Validation, string? Test) Locate(SweepSpec spec, string folder, string scratch)
    {
        const string campaigns = "builtin:campaigns/";
        if (spec.Data.Train.StartsWith(campaigns, StringComparison.Ordinal))
        {
            Directory.CreateDirectory(scratch);
            CampaignGenerator.Generate(CampaignPreset.Find(spec.Data.Train[campaigns.Length..]), seed: 1).WriteCsv(scratch);
            return (Path.Combine(scratch, "train.csv"), Path.Combine(scratch, "validation.csv"), Path.Combine(scratch, "test.csv"));
        }

        string? Here(string? path) => path is null ? null : Path.GetFullPath(path, folder);
        return (Here(spec.Data.Train)!, Here(spec.Data.Validation), Here(spec.Data.Test));
    }

    private static IEnumerable<(UploadedFile, string)> Uploads(string train, string? validation, string? test)
    {
        foreach (var (role, path) in new[] { ("train", train), ("validation", validation), ("test", test) })
        {
            if (path is null)
            {
                continue;
            }

            using var file = File.OpenRead(path);
            var hash = Convert.ToHexStringLower(SHA256.HashData(file));
            yield return (new UploadedFile(role, Path.GetFileName(path), hash, file.Length), path);
        }
    }
}
