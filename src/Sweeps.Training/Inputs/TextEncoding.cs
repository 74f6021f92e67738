using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Data;
using Sweeps.Data.ChatTemplates;
using Sweeps.Data.Facts;
using Sweeps.Data.Readers;
using Sweeps.Data.Splits;
using Sweeps.Data.Templates;
using Sweeps.Data.Tokenizers;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;

namespace Sweeps.Training.Inputs;

/// <summary>How the rows of a trial become token ids: its tokeniser, template, labels and length.</summary>
internal sealed class TextEncoding
{
    private const int BeatRows = 1000;

    private readonly TrialSettings _settings;
    private ExampleEncoder _encoder;
    private LabelSet? _labels;

    /// <param name="settings">Template, labels, length.</param>
    /// <param name="tokenizer">Of the base model.</param>
    /// <param name="maxPositions">Longest input of the base model, tokens.</param>
    /// <param name="chat">The layout of its conversations; wanted where the settings ask for <c>chat</c>.</param>
    /// <param name="padId">What the base model takes for padding; null: the tokeniser's.</param>
    /// <exception cref="DataException">The template cannot be used.</exception>
    public TextEncoding(TrialSettings settings, ITokenizer tokenizer, int maxPositions, ChatLayout? chat = null, int? padId = null)
    {
        if (settings.Chat != chat is not null)
        {
            throw new ArgumentException(settings.Chat ? "the settings ask for a chat layout" : "the settings ask for no chat layout", nameof(chat));
        }

        _settings = settings;
        Tokenizer = tokenizer;
        Chat = chat;
        PadId = padId ?? tokenizer.PadId ?? 0;
        Template = TextTemplate.Parse(settings.Template);

        // What is written behind a prompt needs positions too, and so do virtual tokens in front of it.
        var room = LabelTokens.Room(settings, tokenizer, chat) + (settings.Method is "prefix" or "prompt" ? settings.VirtualTokens : 0);
        MaxLength = Math.Min(settings.MaxLength, maxPositions - room);
        if (MaxLength < 1)
        {
            throw new DataException(
                null, null, $"the longest label and virtual tokens take {room} of the base model's {maxPositions} positions, which leaves none for the text", "Give shorter label_texts or fewer virtual_tokens");
        }

        _encoder = Encoder();
    }

    /// <summary>As the constructor, with positions, padding and chat layout of a base model's folder.</summary>
    /// <exception cref="DataException">The template cannot be used.</exception>
    /// <exception cref="TrainingException">The base's config.json cannot be used, or it has no chat layout where one is asked for.</exception>
    public static TextEncoding Of(TrialSettings settings, ITokenizer tokenizer, string baseFolder)
    {
        try
        {
            var config = ModelConfig.Read(baseFolder);
            return new TextEncoding(
                settings, tokenizer, ModelFamilies.MaxPositions(config), ChatOf(settings, config.ModelType, tokenizer), ModelFamilies.PadTokenId(config));
        }
        catch (ModelLoadException error)
        {
            throw new TrainingException(FailureClass.BadSpec, error.Message, error);
        }
    }

    /// <summary>The chat layout that the settings ask for; null: none.</summary>
    /// <exception cref="TrainingException">The base has none.</exception>
    public static ChatLayout? ChatOf(TrialSettings settings, string modelType, ITokenizer tokenizer)
    {
        try
        {
            return settings.Chat ? ChatLayout.Require(modelType, tokenizer) : null;
        }
        catch (DataException error)
        {
            throw new TrainingException(FailureClass.BadSpec, $"chat: {error.Message}", error);
        }
    }

    /// <summary>The tokeniser.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>The template.</summary>
    public TextTemplate Template { get; }

    /// <summary>The labels in order.</summary>
    /// <exception cref="DataException">Fewer than two are declared.</exception>
    public LabelSet Labels => _labels ??= LabelSet.Declared(_settings.Data.Labels, _settings.Data.LabelSeparator);

    /// <summary>The layout of the conversation that a prompt is; null: it is the template's text.</summary>
    public ChatLayout? Chat { get; }

    /// <summary>Longest input in tokens: as asked, and as the base has positions for what stands around it.</summary>
    public int MaxLength { get; }

    /// <summary>Tokens of every prompt beside its fields: template, solved examples, special tokens.</summary>
    public int FixedTokens => _encoder.TemplateTokens;

    /// <summary>
    /// Solved examples in front of every prompt, under a chat layout with all else that stands there; empty without any.
    /// </summary>
    public string Examples { get; private set; } = "";

    /// <summary>Puts solved examples in front of every prompt, in place of those before.</summary>
    /// <exception cref="DataException">They leave no room for a text.</exception>
    public void UseExamples(string text)
    {
        if (text != Examples)
        {
            Examples = text;
            _encoder = Encoder();
        }
    }

    /// <summary>Chooses solved examples among the training rows and uses them.</summary>
    /// <returns>The rows that are left to train on.</returns>
    /// <exception cref="DataException">A class has too few rows, or the examples leave no room for a text.</exception>
    public DataTable ChooseExamples(DataTable train)
    {
        if (_settings.FewShot == 0)
        {
            return train;
        }

        var (examples, left) = FewShotExamples.Take(
            train, _settings, Template, row => Labels.IndexOf(train, row, _settings.Data.LabelColumn));
        UseExamples(Chat is null
            ? string.Concat(examples.Select(example => example.Prompt + example.Answer + FewShotExamples.Separator))
            : Frame([.. examples.SelectMany(example =>
                new ChatMessage[] { new(ChatRole.User, example.Prompt), new(ChatRole.Assistant, example.Answer) })]).Before);
        return left;
    }

    /// <summary>
    /// Id that fills short rows up: the model's, since a decoder's classifier takes the last other token for the end of a text.
    /// </summary>
    public int PadId { get; }

    /// <summary>Reads a pinned file.</summary>
    /// <param name="path">The pinned copy, whose name has no ending.</param>
    /// <param name="role">What messages call it.</param>
    /// <exception cref="DataException">The file cannot be used.</exception>
    public DataTable Read(string path, string role)
    {
        using var stream = File.OpenRead(path);
        return Checked(DataReader.Read(stream, $"{role}.{_settings.Data.Format}", Options));
    }

    /// <summary>Reads a file under its own name.</summary>
    /// <exception cref="DataException">The file cannot be used.</exception>
    public DataTable Read(string path) => Checked(DataReader.Read(path, Options));

    /// <summary>The training and the validation rows of the trial.</summary>
    /// <exception cref="DataException">The rows cannot be used.</exception>
    public (DataTable Train, DataTable Validation) Divide(DataTable train, DataTable? validation)
    {
        var data = _settings.Data;
        if (validation is null)
        {
            (train, validation) = TrialSplits.Divide(train, Labels, Template.Columns, data.LabelColumn, data.ValidationShare);
        }

        train = Limit(train);
        DataChecker.CheckTrain(train, Template.Columns, data.LabelColumn, Labels);
        return (train, Check(validation, "validation"));
    }

    /// <summary>The rows of another split.</summary>
    /// <exception cref="DataException">The rows cannot be used.</exception>
    public DataTable Check(DataTable table, string split)
    {
        table = Limit(table);
        DataChecker.Check(table, split, Template.Columns, _settings.Data.LabelColumn, Labels);
        return table;
    }

    /// <summary>Tokenises a split.</summary>
    public EncodedSplit Encode(DataTable table, Action beat)
    {
        var rows = new int[table.Rows.Count][];
        var labels = new int[rows.Length][];
        var truncated = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            var row = table.Rows[i];
            var example = _encoder.Encode(row);
            (rows[i], labels[i]) = (example.InputIds, Labels.IndexesOf(table, row, _settings.Data.LabelColumn));
            truncated += example.TruncatedTokens > 0 ? 1 : 0;
            if (i % BeatRows == 0)
            {
                beat();
            }
        }

        return new EncodedSplit(rows, labels, truncated);
    }

    /// <summary>Tokenises one text whose label is not known.</summary>
    public int[] Encode(Row row) => _encoder.Encode(row).InputIds;

    /// <summary>
    /// An encoded text as a head of the model reads it. Where a decoder says what comes next, the text stands without what the
    /// tokeniser puts behind it (an end token, say), since the answer goes on there. A conversation ends where the answer begins.
    /// </summary>
    public int[] Prompt(int[] ids, Transformer model, ClassifierHead head)
    {
        var suffix = Tokenizer.Suffix;
        return Chat is null && model.IsDecoder && head.ReadsNextToken && suffix.Count > 0 && ids.Length > suffix.Count && ids.AsSpan(ids.Length - suffix.Count).SequenceEqual([.. suffix])
            ? ids[..^suffix.Count]
            : ids;
    }

    /// <summary>A split whose texts are as a head of the model reads them.</summary>
    public EncodedSplit Prompts(EncodedSplit split, Transformer model, ClassifierHead head) =>
        split with { Rows = [.. split.Rows.Select(ids => Prompt(ids, model, head))] };

    /// <summary>Mean tokens of the rows, whatever their labels.</summary>
    public double MeanTokens(DataTable table) => table.Rows.Average(row => (double)Encode(row).Length);

    /// <summary>Share of the template's texts that the base model's vocabulary does not know.</summary>
    public UnknownShare Unknown(DataTable table) =>
        UnknownShare.Of(Tokenizer, table.Rows.Select(row => string.Join(' ', Template.Columns.Select(column => row[column]))));

    /// <summary>What reads rows, behind the solved examples.</summary>
    private ExampleEncoder Encoder()
    {
        var keep = _settings.Truncate switch
        {
            "head" => Keep.Head,
            "tail" => Keep.Tail,
            "middle" => Keep.Middle,
            _ => throw new DataException(null, null, $"truncate '{_settings.Truncate}' is not known", "Use head, tail or middle"),
        };
        if (Conversation is { } conversation)
        {
            return new(Template, Tokenizer, MaxLength, keep, conversation, Examples.Length > 0);
        }

        var literal = Examples.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);
        return new(Examples.Length > 0 ? TextTemplate.Parse(literal + Template.Source) : Template, Tokenizer, MaxLength, keep, hasExamples: Examples.Length > 0);
    }

    /// <summary>What stands around the template's text, solved examples included; null: no chat layout is asked for.</summary>
    public ChatFrame? Conversation => Chat is null ? null : Examples.Length > 0 ? Frame([]) with { Before = Examples } : Frame([]);

    /// <summary>A conversation up to the answer: a label is said at once, without thoughts.</summary>
    private ChatFrame Frame(IReadOnlyList<ChatMessage> earlier) => Chat!.Frame(earlier, enableThinking: false);

    private ReadOptions Options => ReadOptions.Of(_settings.Data);

    private DataTable Checked(DataTable table)
    {
        Template.CheckColumns(table);
        return table;
    }

    private DataTable Limit(DataTable table) =>
        TrialSplits.Limit(table, Labels, Template.Columns, _settings.Data.LabelColumn, _settings.Data.MaxRows);
}
