using Sweeps.Cli.Http;
using Sweeps.Core.Api;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Search.Planning;

namespace Sweeps.Cli.Launching;

/// <summary>From a spec file to a launched sweep: everything that can be wrong is found here, before the silo is asked.</summary>
/// <param name="File">The spec's file.</param>
/// <param name="Spec">The spec.</param>
/// <param name="Data">The data, read.</param>
/// <param name="Model">The base model's facts.</param>
/// <param name="Plan">What will run.</param>
internal sealed record Launch(SpecFile File, SweepSpec Spec, PreparedData Data, ModelFacts? Model, SweepPlan Plan)
{
    private const int MostForms = 256;

    /// <summary>Reads and plans.</summary>
    /// <exception cref="CliException">Something is wrong with spec, base or plan.</exception>
    public static async Task<Launch> PrepareAsync(SpecFile file, TrainerTool trainer, string scratch, CancellationToken cancellation)
    {
        var spec = file.Read();
        var data = PreparedData.Read(spec, file.Folder, scratch);
        var baseName = file.AbsoluteBase(spec);
        if (BaseFolder.Refusal(spec, baseName) is { } refusal)
        {
            throw new CliException(refusal.ToString());
        }

        var settings = spec.Defaults with
        {
            Base = baseName,
            Template = data.Template,
            Data = spec.Defaults.Data with { Labels = data.Facts.Labels },
            LabelTexts = spec.TextsOf(data.Facts.Labels),
        };
        ModelFacts model;
        try
        {
            model = await trainer.InspectAsync(baseName, settings, Forms(spec, data.Facts), data.Files[0].Path, data.PathOf("validation"), cancellation);
        }
        catch (CliException e) when (e.ExitCode == ExitCodes.BadInput)
        {
            throw new CliException(spec.ErrorAt("base", e.Message).ToString(), e.ExitCode, e.Fix);
        }

        var plan = Planner.Plan(spec, data.Facts, model);
        return plan.Errors.Count == 0
            ? new Launch(file, spec, data, model, plan)
            : throw new CliException(string.Join(Environment.NewLine, plan.Errors));
    }

    /// <summary>
    /// One trial for each form of prompt: what is wrong with a prompt of any trial is told before launch. Which trials there
    /// are depends on the base a little (its layers); of a form that is missed here its trainer tells.
    /// </summary>
    private static IReadOnlyList<TrialSettings> Forms(SweepSpec spec, DataFacts data) =>
        [.. Planner.Plan(spec, data).Trials.Select(trial => trial.Settings).DistinctBy(trial => TextFacts.FormOf(trial, int.MaxValue)).Take(MostForms)];

    /// <summary>Uploads the data and launches. Repeated with the same client id it meets its own sweep.</summary>
    public async Task<LaunchReply> SendAsync(SiloClient silo, string clientId, CancellationToken cancellation)
    {
        foreach (var (upload, path) in Data.Files)
        {
            if (!await silo.HasObjectAsync(upload.Sha256, cancellation))
            {
                await using var content = System.IO.File.OpenRead(path);
                await silo.PutObjectAsync(upload.Sha256, content, cancellation);
            }
        }

        return await silo.LaunchAsync(
            new LaunchBody
            {
                ClientId = clientId,
                SpecYaml = File.Yaml,
                SpecName = Path.GetFileName(File.Name),
                Base = File.AbsoluteBase(Spec),
                SpecFolder = File.Folder,
                Files = [.. Data.Files.Select(f => f.File)],
                Data = Data.Facts,
                Model = Model,
            },
            cancellation);
    }
}
