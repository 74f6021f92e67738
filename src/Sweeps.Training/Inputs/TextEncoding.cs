using Sweeps.Core.Spec;
using Sweeps.Data;
using Sweeps.Data.Facts;
using Sweeps.Data.Readers;
using Sweeps.Data.Splits;
using Sweeps.Data.Templates;
using Sweeps.Data.Tokenizers;
using Sweeps.Models;

namespace Sweeps.Training.Inputs;

/// <summary>How the rows of a trial become token ids: its tokeniser, template, labels and length.</summary>
internal sealed class TextEncoding
{
    private const int BeatRows = 1000;

    private readonly TrialSettings _settings;
    private readonly int _maxLength;
    private ExampleEncoder _encoder;
    private LabelSet? _labels;

    /// <param name="settings">Template, labels, length.</param>
    /// <param name="tokenizer">Of the base model.</param>
    /// <param name="maxPositions">Longest input of the base model, tokens.</param>
    /// <exception cref="DataException">The template cannot be used.</exception>
    public TextEncoding(TrialSettings settings, ITokenizer tokenizer, int maxPositions)
    {
        _settings = settings;
        Tokenizer = tokenizer;
        Template = TextTemplate.Parse(settings.Template);

        // What is written behind a prompt needs positions too, and so do virtual tokens in front of it.
        var room = LabelTokens.Room(settings, tokenizer) + (settings.Method is "prefix" or "prompt" ? settings.VirtualTokens : 0);
        _maxLength = Math.Min(settings.MaxLength, maxPositions - room);
        _encoder = Encoder(Template);
    }

    /// <summary>The tokeniser.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>The template.</summary>
    public TextTemplate Template { get; }

    /// <summary>The labels in order.</summary>
    /// <exception cref="DataException">Fewer than two are declared.</exception>
    public LabelSet Labels => _labels ??= LabelSet.Declared(_settings.Data.Labels);

    /// <summary>Solved examples in front of every prompt; empty without any.</summary>
    public string Examples { get; private set; } = "";

    /// <summary>Puts solved examples in front of every prompt, in place of those before.</summary>
    /// <exception cref="DataException">They leave no room for a text.</exception>
    public void UseExamples(string text)
    {
        if (text != Examples)
        {
            Examples = text;
            var literal = text.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);
            _encoder = Encoder(TextTemplate.Parse(literal + Template.Source));
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

        var (text, left) = FewShotExamples.Take(
            train, _settings, Template, row => Labels.IndexOf(train, row, _settings.Data.LabelColumn));
        UseExamples(text);
        return left;
    }

    /// <summary>Id that fills short rows up.</summary>
    public int PadId => Tokenizer.PadId ?? 0;

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
        var labels = new int[rows.Length];
        var truncated = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            var row = table.Rows[i];
            var example = _encoder.Encode(row, Labels.IndexOf(table, row, _settings.Data.LabelColumn));
            (rows[i], labels[i]) = (example.InputIds, example.LabelIndex);
            truncated += example.TruncatedTokens > 0 ? 1 : 0;
            if (i % BeatRows == 0)
            {
                beat();
            }
        }

        return new EncodedSplit(rows, labels, truncated);
    }

    /// <summary>Tokenises one text whose label is not known.</summary>
    public int[] Encode(Row row) => _encoder.Encode(row, 0).InputIds;

    /// <summary>
    /// An encoded text as a label is written after it: under a decoder without what the tokeniser puts behind a text (an end
    /// token, say), since the answer goes on there.
    /// </summary>
    public int[] Prompt(int[] ids, Transformer model)
    {
        var suffix = Tokenizer.Suffix;
        return model.IsDecoder && suffix.Count > 0 && ids.Length > suffix.Count && ids.AsSpan(ids.Length - suffix.Count).SequenceEqual([.. suffix])
            ? ids[..^suffix.Count]
            : ids;
    }

    /// <summary>Mean tokens of the rows, whatever their labels.</summary>
    public double MeanTokens(DataTable table) => table.Rows.Average(row => (double)Encode(row).Length);

    /// <summary>Share of the template's texts that the base model's vocabulary does not know.</summary>
    public UnknownShare Unknown(DataTable table) =>
        UnknownShare.Of(Tokenizer, table.Rows.Select(row => string.Join(' ', Template.Columns.Select(column => row[column]))));

    private ExampleEncoder Encoder(TextTemplate template) =>
        new(template, Tokenizer, _maxLength, _settings.Truncate switch
        {
            "head" => Keep.Head,
            "tail" => Keep.Tail,
            "middle" => Keep.Middle,
            _ => throw new DataException(null, null, $"truncate '{_settings.Truncate}' is not known", "Use head, tail or middle"),
        });

    private ReadOptions Options => ReadOptions.Default with { Delimiter = Delimiter(_settings.Data.Delimiter) };

    private DataTable Checked(DataTable table)
    {
        Template.CheckColumns(table);
        return table;
    }

    private static char? Delimiter(string? text) => text switch
    {
        null or "" => null,
        "tab" or "\\t" => '\t',
        { Length: 1 } => text[0],
        _ => throw new DataException(null, null, $"the delimiter '{text}' is not one character", "Use , ; or tab"),
    };

    private DataTable Limit(DataTable table) =>
        TrialSplits.Limit(table, Labels, Template.Columns, _settings.Data.LabelColumn, _settings.Data.MaxRows);
}
