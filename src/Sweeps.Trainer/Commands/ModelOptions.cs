using System.CommandLine;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Sweeps.Training;

namespace Sweeps.Trainer.Commands;

/// <summary>What export and predict are told of a trained model.</summary>
internal sealed class ModelOptions
{
    private const string Builtin = "builtin:";
    private const long LongestSettings = 4 << 20;
    private const long LongestList = 1 << 30;

    public Option<string> Checkpoint { get; } = new("--checkpoint")
    {
        Description = "The checkpoint's folder (weights.safetensors in it).",
        Required = true,
        HelpName = "DIR",
    };

    public Option<string> Base { get; } = BaseOption();

    public Option<string> Settings { get; } = new("--settings")
    {
        Description = "The trial's settings as JSON: a file, or - for standard input.",
        Required = true,
        HelpName = "FILE",
    };

    /// <summary>Option <c>--base</c>.</summary>
    public static Option<string> BaseOption() => new("--base")
    {
        Description = "The base model: a Hugging Face folder, or builtin:tiny-gemma3.",
        Required = true,
        HelpName = "DIR",
    };

    /// <summary>The folder of a base.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static string Folder(string name)
    {
        var folder = name.StartsWith(Builtin, StringComparison.Ordinal)
            ? Path.Combine(AppContext.BaseDirectory, "bases", Path.GetFileName(name[Builtin.Length..]))
            : Path.GetFullPath(name);
        return Directory.Exists(folder)
            ? folder
            : throw new InvalidDataException($"there is no base model '{name}' (looked in {folder})");
    }

    /// <summary>Reads settings.</summary>
    /// <exception cref="InvalidDataException">The file is missing, too large, or no settings.</exception>
    public static TrialSettings Read(string file) => Read<TrialSettings>(file, LongestSettings, "a trial's settings");

    /// <summary>Reads the settings of several trials.</summary>
    /// <exception cref="InvalidDataException">The file is missing, too large, or no list of settings.</exception>
    public static IReadOnlyList<TrialSettings> ReadList(string file) => Read<List<TrialSettings>>(file, LongestList, "a list of trials' settings");

    private static T Read<T>(string file, long longest, string what)
    {
        try
        {
            var text = file == "-" ? Console.In.ReadToEnd()
                : new FileInfo(file).Length <= longest ? File.ReadAllText(file)
                : throw new InvalidDataException($"{file} is larger than {longest} bytes: that is not {what}");
            return SweepsJson.Read<T>(text);
        }
        catch (System.Text.Json.JsonException error)
        {
            throw new InvalidDataException($"{file} does not hold {what}: {error.Message}", error);
        }
        catch (FileNotFoundException error)
        {
            throw new InvalidDataException($"there is no file {file}", error);
        }
    }

    public void AddTo(Command command)
    {
        command.Options.Add(Checkpoint);
        command.Options.Add(Base);
        command.Options.Add(Settings);
    }

    /// <summary>What was said on the command line.</summary>
    public TrainedModel Get(ParseResult parse) => new(
        Read(parse.GetValue(Settings)!), Folder(parse.GetValue(Base)!), Path.GetFullPath(parse.GetValue(Checkpoint)!));
}
