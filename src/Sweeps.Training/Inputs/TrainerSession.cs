using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Training.Inputs;

/// <summary>
/// What a warm trainer keeps from one assignment to the next: hashes it has checked, the tokeniser and the tokenised rows.
/// All of it is named by content, so a warm trainer computes what a cold one does. Weights are read anew for every
/// assignment, since a trial changes them.
/// </summary>
public sealed class TrainerSession
{
    private (string Key, ITokenizer Tokenizer)? _tokenizer;
    private readonly Dictionary<string, EncodedSplit> _splits = new(StringComparer.Ordinal);
    private string _splitsKey = "";
    private string _examples = "";

    internal InputFiles Files { get; } = new();

    /// <summary>The tokeniser of the assignment's base model.</summary>
    internal ITokenizer Tokenizer(JobAssignment assignment, string baseFolder)
    {
        var key = InputFiles.Key(assignment, InputFiles.IsTokenizer);
        if (_tokenizer?.Key != key)
        {
            _tokenizer = (key, TokenizerLoader.Load(baseFolder));
        }

        return _tokenizer.Value.Tokenizer;
    }

    /// <summary>Tokenised training and validation rows.</summary>
    internal (EncodedSplit Train, EncodedSplit Validation) TrainingRows(
        JobAssignment assignment, TrialSettings settings, TextEncoding encoding, Action beat)
    {
        Forget(assignment, settings);
        if (!_splits.TryGetValue("train", out var train) || !_splits.TryGetValue("validation", out var validation))
        {
            var table = encoding.Read(Files.Require(assignment, "train", beat), "train");
            var other = Files.Find(assignment, "validation", beat) is { } path ? encoding.Read(path, "validation") : null;
            beat();
            var (trainRows, validationRows) = encoding.Divide(table, other);
            trainRows = encoding.ChooseExamples(trainRows);
            _examples = encoding.Examples;
            _splits["train"] = train = encoding.Encode(trainRows, beat);
            _splits["validation"] = validation = encoding.Encode(validationRows, beat);
        }

        encoding.UseExamples(_examples);
        return (train, validation);
    }

    /// <summary>Tokenised test rows.</summary>
    internal EncodedSplit TestRows(JobAssignment assignment, TrialSettings settings, TextEncoding encoding, Action beat)
    {
        Forget(assignment, settings);
        if (settings.FewShot > 0)
        {
            // The examples of the test's prompts are those of training: rows of the training file.
            TrainingRows(assignment, settings, encoding, beat);
        }

        if (!_splits.TryGetValue("test", out var test))
        {
            var table = encoding.Read(Files.Require(assignment, "test", beat), "test");
            _splits["test"] = test = encoding.Encode(encoding.Check(table, "test"), beat);
        }

        return test;
    }

    /// <summary>Drops what was made from other inputs or under other settings of the text.</summary>
    private void Forget(JobAssignment assignment, TrialSettings settings)
    {
        var key = string.Join(
            '\n',
            InputFiles.Key(assignment, role => role is "train" or "validation" or "test" || InputFiles.IsTokenizer(role)),
            SweepsJson.Write(settings.Data),
            settings.Template,
            settings.MaxLength,
            settings.Truncate,
            settings.Head == "generate",
            settings.FewShot == 0 ? "" : $"{settings.FewShot} {settings.Seed}",
            settings.FewShot == 0 && settings.Head != "generate" ? "" : SweepsJson.Write(settings.LabelTexts));
        if (key != _splitsKey)
        {
            _splits.Clear();
            _examples = "";
            _splitsKey = key;
        }
    }
}
