using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Sweeps.Data.Caching;
using Sweeps.Data.Readers;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Training.Inputs;

/// <summary>
/// What a warm trainer keeps from one assignment to the next: hashes it has checked, the tokeniser and the tokenised rows.
/// All of it is named by content, so a warm trainer computes what a cold one does.
/// Tokenised rows are kept in a folder too, where there is one, for the other trainers of the home. Weights are read anew for every
/// assignment, since a trial changes them.
/// </summary>
/// <param name="cache">Where tokenised rows are kept beyond the process; null: nowhere.</param>
public sealed class TrainerSession(TokenCache? cache = null)
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
        Forget(assignment, settings, encoding);
        if (!_splits.TryGetValue("train", out var train) || !_splits.TryGetValue("validation", out var validation))
        {
            var path = Files.Require(assignment, "train", beat);
            var otherPath = Files.Find(assignment, "validation", beat);
            var divided = new Lazy<(DataTable Train, DataTable Validation)>(() =>
            {
                var table = encoding.Read(path, "train");
                var other = otherPath is null ? null : encoding.Read(otherPath, "validation");
                beat();
                var (trainRows, validationRows) = encoding.Divide(table, other);
                return (encoding.ChooseExamples(trainRows), validationRows);
            });
            if (settings.FewShot > 0)
            {
                // The solved examples are rows of the file: they must be known whether or not the rows are kept.
                _ = divided.Value;
            }

            _examples = encoding.Examples;
            _splits["train"] = train = Kept("train", () => encoding.Encode(divided.Value.Train, beat));
            _splits["validation"] = validation = Kept("validation", () => encoding.Encode(divided.Value.Validation, beat));
        }

        encoding.UseExamples(_examples);
        return (train, validation);
    }

    /// <summary>Tokenised test rows.</summary>
    internal EncodedSplit TestRows(JobAssignment assignment, TrialSettings settings, TextEncoding encoding, Action beat)
    {
        Forget(assignment, settings, encoding);
        if (settings.FewShot > 0)
        {
            // The examples of the test's prompts are those of training: rows of the training file.
            TrainingRows(assignment, settings, encoding, beat);
        }

        if (!_splits.TryGetValue("test", out var test))
        {
            var path = Files.Require(assignment, "test", beat);
            _splits["test"] = test = Kept("test", () => encoding.Encode(encoding.Check(encoding.Read(path, "test"), "test"), beat));
        }

        return test;
    }

    /// <summary>A split as another trainer, or this one in a former life, left it in the cache, else made and left there.</summary>
    private EncodedSplit Kept(string split, Func<EncodedSplit> make)
    {
        if (cache is null)
        {
            return make();
        }

        // The rows are also a function of this assembly's code.
        var key = TokenCacheKey.Of(typeof(TrainerSession).Module.ModuleVersionId.ToString(), split, _splitsKey);
        var rows = cache.GetOrMake(key, () =>
        {
            var made = make();
            return new TokenizedRows(made.Rows, made.Labels, made.TruncatedRows);
        });
        return new EncodedSplit(rows.Rows, rows.Labels, rows.TruncatedRows);
    }

    /// <summary>Drops what was made from other inputs or under other settings of the text.</summary>
    private void Forget(JobAssignment assignment, TrialSettings settings, TextEncoding encoding)
    {
        var key = string.Join(
            '\n',
            InputFiles.Key(assignment, role => role is "train" or "validation" or "test" || InputFiles.IsTokenizer(role)),
            SweepsJson.Write(settings.Data),
            settings.Template,
            settings.Chat,
            encoding.MaxLength,
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
