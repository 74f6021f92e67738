using System.Globalization;
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
using Sweeps.Search.Planning;
using DataFacts = Sweeps.Core.Planning.DataFacts;

namespace Sweeps.Cli.Launching;

/// <summary>The data of a spec, read and checked before anything is started.</summary>
/// <param name="Facts">What the planner needs.</param>
/// <param name="Files">Files to upload, with their paths here.</param>
/// <param name="Template">The template that was checked: the spec's, or the first of those it sweeps.</param>
/// <param name="Warnings">What a person should know.</param>
internal sealed record PreparedData(
    DataFacts Facts,
    IReadOnlyList<(UploadedFile File, string Path)> Files,
    string Template,
    IReadOnlyList<string> Warnings)
{
    private static readonly string[] Roles = ["train", "validation", "test"];

    /// <summary>Where the file of a role lies; null: there is none.</summary>
    public string? PathOf(string role) => Files.Where(file => file.File.Role == role).Select(file => file.Path).FirstOrDefault();

    /// <summary>Reads, checks and hashes.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="folder">Folder that relative paths belong to.</param>
    /// <param name="scratch">Folder for generated data.</param>
    /// <exception cref="DataException">A row cannot be used; the message names file, line and fix.</exception>
    /// <exception cref="CliException">A file or a column cannot be used; the message names the spec's line.</exception>
    public static PreparedData Read(SweepSpec spec, string folder, string scratch)
    {
        var sources = Locate(spec, folder, scratch);
        var settings = spec.Defaults.Data;
        var options = ReadOptions.Of(settings);
        var text = TemplateOf(spec);
        var template = At(spec, "template", () => TextTemplate.Parse(text));

        var train = sources[0];
        var table = At(spec, train.Key, () => train.Read(options));
        CheckColumns(spec, table);
        var declared = Builtins.IsBuiltin(spec.Data.Train) ? CampaignWords.Labels : spec.Data.Labels;
        var (labels, facts) = At(spec, train.Key, () =>
        {
            template.CheckColumns(table);
            var known = declared is null ? LabelSet.FromData(table, settings.LabelColumn, settings.LabelSeparator) : LabelSet.Declared(declared, settings.LabelSeparator);
            return (known, DataChecker.CheckTrain(table, template.Columns, settings.LabelColumn, known));
        });
        List<string> warnings = [.. facts.Warnings];
        var rows = new Dictionary<string, int>(StringComparer.Ordinal);
        if (sources.All(source => source.Role != "validation"))
        {
            // By the same functions as the trainer, so that what is announced is what is trained on.
            var (kept, held) = At(spec, "data.validation", () =>
                TrialSplits.Divide(table, labels, template.Columns, settings.LabelColumn, settings.ValidationShare));
            rows["train"] = Limited(kept);
            rows["validation"] = Limited(held);
        }
        else
        {
            rows["train"] = Limited(table);
        }

        foreach (var source in sources.Skip(1))
        {
            rows[source.Role] = At(spec, source.Key, () =>
            {
                var other = source.Read(options);
                template.CheckColumns(other);
                warnings.AddRange(DataChecker.Check(other, source.Role, template.Columns, settings.LabelColumn, labels).Warnings);
                if (TrialSplits.Overlap(table, other, template.Columns) is > 0 and var twice)
                {
                    warnings.Add(string.Create(CultureInfo.InvariantCulture, $"{twice:N0} of the {other.Rows.Count:N0} {source.Role} rows are training rows too: their scores will look better than they are"));
                }

                return Limited(other);
            });
        }

        var found = new DataFacts
        {
            Labels = facts.Labels,
            Rows = rows,
            ClassCounts = facts.Labels.Zip(facts.RowsPerLabel).ToDictionary(p => p.First, p => p.Second),
            RowsWithoutLabel = facts.RowsWithoutLabel,
            Columns = facts.Columns,
            External = [.. spec.Arms.Select(arm => arm.External).OfType<ExternalResult>().Where(result => result.File is not null).Select(Scored)],
        };
        return new PreparedData(found, [.. sources.Select(source => source.Upload())], text, warnings);

        ExternalResult Scored(ExternalResult result) => At(spec, $"arms.{result.Name}", () =>
        {
            var path = Path.GetFullPath(result.File!, folder);
            var test = sources.FirstOrDefault(source => source.Role == "test")
                ?? throw new DataException(path, null, "predictions are compared with the test rows, and there are none", "Name their file: data: {test: FILE}");
            var metrics = ExternalPredictions.Score(DataReader.Read(path, ExternalPredictions.Options(labels)), test.Read(options), labels, settings.LabelColumn);
            return result with { MacroF1 = metrics.MacroF1, Accuracy = metrics.Accuracy };
        });

        int Limited(DataTable split) =>
            TrialSplits.Limit(split, labels, template.Columns, settings.LabelColumn, settings.MaxRows).Rows.Count;
    }

    private static string TemplateOf(SweepSpec spec) =>
        spec.Defaults.Template.Length > 0
            ? spec.Defaults.Template
            : spec.Grid.FirstOrDefault(axis => axis.Name == "template")?.Values.OfType<string>().FirstOrDefault() ?? string.Empty;

    private static void CheckColumns(SweepSpec spec, DataTable table)
    {
        var wrong = Planner.CheckColumns(spec, table.Columns);
        if (wrong.Count > 0)
        {
            throw new CliException(
                string.Join(Environment.NewLine, wrong),
                fix: table is { Columns.Count: 1, Delimiter: not null }
                    ? $"{table.File} has one column only: if that looks like several, name what separates them (data: delimiter: \";\")"
                    : null);
        }
    }

    /// <summary>Puts the spec's place before what is wrong with a whole file; a row's place is the file's own.</summary>
    private static T At<T>(SweepSpec spec, string key, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DataException e) when (e.Line is null)
        {
            throw new CliException(spec.ErrorAt(key, e.Message.TrimEnd('.')).ToString());
        }
    }

    /// <summary>The files, the training file first.</summary>
    private static List<Source> Locate(SweepSpec spec, string folder, string scratch)
    {
        const string campaigns = "builtin:campaigns/";
        if (spec.Data.Train.StartsWith(campaigns, StringComparison.Ordinal))
        {
            Directory.CreateDirectory(scratch);
            CampaignGenerator.Generate(CampaignPreset.Find(spec.Data.Train[campaigns.Length..]), seed: 1).WriteCsv(scratch);
            return [.. Roles.Select(role =>
                new Source(role, Path.Combine(scratch, $"{role}.csv"), $"{spec.Data.Train}/{role}.csv"))];
        }

        var named = new[] { ("train", spec.Data.Train), ("validation", spec.Data.Validation), ("test", spec.Data.Test) };
        return [.. named.Where(entry => entry.Item2 is not null).Select(entry =>
        {
            var path = Path.GetFullPath(entry.Item2!, folder);
            return new Source(entry.Item1, path, path);
        })];
    }

    /// <summary>A data file.</summary>
    /// <param name="Role"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
    /// <param name="Path">Where it lies.</param>
    /// <param name="Name">What messages call it: a generated file's path would tell nobody anything.</param>
    private sealed record Source(string Role, string Path, string Name)
    {
        public string Key => $"data.{Role}";

        public DataTable Read(ReadOptions options)
        {
            if (Name == Path)
            {
                return DataReader.Read(Path, options);
            }

            using var generated = File.OpenRead(Path);
            return DataReader.Read(generated, Name, options);
        }

        public (UploadedFile File, string Path) Upload()
        {
            using var file = File.OpenRead(Path);
            var hash = Convert.ToHexStringLower(SHA256.HashData(file));
            return (new UploadedFile(Role, System.IO.Path.GetFileName(Path), hash, file.Length), Path);
        }
    }
}
