using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Training.Inputs;

namespace Sweeps.Training.Recipes;

/// <summary>What every recipe starts from: the assignment, its settings read, its base verified, its encoding ready.</summary>
internal sealed class AttemptContext
{
    private AttemptContext(
        JobAssignment assignment, TrialSettings settings, IAttemptLink link, TrainerSession session, string baseFolder, TextEncoding encoding)
    {
        Assignment = assignment;
        Settings = settings;
        Link = link;
        Session = session;
        BaseFolder = baseFolder;
        Encoding = encoding;
    }

    public JobAssignment Assignment { get; }

    public TrialSettings Settings { get; }

    public IAttemptLink Link { get; }

    public TrainerSession Session { get; }

    public string BaseFolder { get; }

    public TextEncoding Encoding { get; }

    /// <summary>Reads settings and base of an assignment.</summary>
    /// <exception cref="TrainingException">They cannot be used.</exception>
    /// <exception cref="Data.DataException">The template or the tokeniser cannot be used.</exception>
    public static AttemptContext Prepare(JobAssignment assignment, IAttemptLink link, TrainerSession session)
    {
        void Beat() => link.Beat("load");
        Beat();
        var settings = ReadSettings(assignment.Settings);
        var folder = session.Files.BaseFolder(assignment, Beat);
        var tokenizer = session.Tokenizer(assignment, folder);
        Beat();
        return new AttemptContext(assignment, settings, link, session, folder, TextEncoding.Of(settings, tokenizer, folder));
    }

    /// <summary>Builds the trial's model; before a sweep costs anything it is told what of it is not the base's.</summary>
    public TrialModel BuildModel()
    {
        Link.Beat("load");
        var model = TrialModel.Build(Settings, BaseFolder, Encoding.Labels, Encoding.Tokenizer, Tell);
        Link.Beat("load");
        return model;
    }

    /// <summary>Preflights speak for the trials like them, so that a sweep's log says it once.</summary>
    private void Tell(string line)
    {
        if (Assignment.Job.Kind == JobKind.Preflight && Assignment.Attempt == 1)
        {
            Link.Send(new EventFrame("model", line));
        }
    }

    private static TrialSettings ReadSettings(string json)
    {
        try
        {
            return Core.Json.SweepsJson.Read<TrialSettings>(json);
        }
        catch (System.Text.Json.JsonException error)
        {
            throw new TrainingException(FailureClass.BadSpec, $"the settings of the trial cannot be read: {error.Message}", error);
        }
    }
}
