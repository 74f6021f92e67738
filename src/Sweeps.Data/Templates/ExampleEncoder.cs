using Sweeps.Data.ChatTemplates;
using Sweeps.Data.Readers;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Data.Templates;

/// <summary>
/// Turns rows into token ids of a bounded length. Only tokens that lie wholly in a field are ever left out, first from the
/// longest field until it is as short as the next; the template stays whole, so do tokens on its border. The ids kept are
/// those of the whole text, so nothing is tokenised differently because it was cut.
/// </summary>
public sealed class ExampleEncoder
{
    private readonly TextTemplate _template;
    private readonly ITokenizer _tokenizer;
    private readonly int _maxLength;
    private readonly Keep _keep;
    private readonly ChatFrame? _chat;
    private readonly IReadOnlyList<int> _prefix;
    private readonly IReadOnlyList<int> _suffix;

    /// <param name="template">What the model reads.</param>
    /// <param name="tokenizer">The tokenizer of the base model.</param>
    /// <param name="maxLength">Most tokens an example may have, special ones included.</param>
    /// <param name="keep">Which part of a field that is too long is kept.</param>
    /// <param name="chat">The conversation around the text, which then has its special tokens itself; null for none.</param>
    /// <param name="hasExamples">Whether solved examples are part of template or conversation, for messages.</param>
    /// <exception cref="DataException">The template alone is longer than <paramref name="maxLength"/>.</exception>
    public ExampleEncoder(
        TextTemplate template, ITokenizer tokenizer, int maxLength, Keep keep = Keep.Head, ChatFrame? chat = null, bool hasExamples = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        _template = template;
        _tokenizer = tokenizer;
        _maxLength = maxLength;
        _keep = keep;
        _chat = chat;
        (_prefix, _suffix) = chat is null ? (tokenizer.Prefix, tokenizer.Suffix) : ([], []);
        TemplateTokens = _prefix.Count + tokenizer.Encode(chat is null ? template.RenderEmpty() : chat.Fill(template.RenderEmpty()), addSpecial: false).Length + _suffix.Count;
        if (TemplateTokens >= maxLength)
        {
            throw new DataException(
                null,
                null,
                $"the template {(hasExamples ? "with its solved examples" : "alone")} takes {TemplateTokens} tokens (special ones included), which leaves nothing of max_length {maxLength} for the text",
                $"{(hasExamples ? "Lower few_shot" : "Shorten the template")} or set max_length above {TemplateTokens}");
        }
    }

    /// <summary>Tokens of template and conversation with empty fields, special ones included.</summary>
    public int TemplateTokens { get; }

    /// <summary>The ids of a row.</summary>
    /// <exception cref="DataException">With these fields the template's own tokens do not fit (they can be more than with
    /// empty fields, by a token or two a field).</exception>
    public EncodedExample Encode(Row row)
    {
        List<TextTemplate.FieldSpan> fields = [];
        string text = Framed(_template.Render(row, fields), fields);
        IReadOnlyList<Token> tokens = _tokenizer.Tokenize(text);
        int room = _maxLength - _prefix.Count - _suffix.Count;
        int over = tokens.Count - room;
        return over <= 0
            ? new EncodedExample(Join(tokens, null), 0)
            : new EncodedExample(Join(tokens, Cut(tokens, fields, over, row)), over);
    }

    /// <summary>Puts the conversation around a text and moves its fields along.</summary>
    private string Framed(string text, List<TextTemplate.FieldSpan> fields)
    {
        if (_chat is null)
        {
            return text;
        }

        string body = _chat.Trims ? ChatLayout.Trim(text) : text;
        int lead = body.Length == 0 ? 0 : text.IndexOf(body, StringComparison.Ordinal);
        for (int i = 0; i < fields.Count; i++)
        {
            fields[i] = new TextTemplate.FieldSpan(
                _chat.Before.Length + Math.Clamp(fields[i].Start - lead, 0, body.Length),
                _chat.Before.Length + Math.Clamp(fields[i].End - lead, 0, body.Length));
        }

        return _chat.Before + body + _chat.After;
    }

    private int[] Join(IReadOnlyList<Token> tokens, bool[]? cut)
    {
        List<int> ids = new(tokens.Count + _prefix.Count + _suffix.Count);
        ids.AddRange(_prefix);
        for (int i = 0; i < tokens.Count; i++)
        {
            if (cut is null || !cut[i])
            {
                ids.Add(tokens[i].Id);
            }
        }

        ids.AddRange(_suffix);
        return [.. ids];
    }

    private bool[] Cut(IReadOnlyList<Token> tokens, List<TextTemplate.FieldSpan> fields, int over, Row row)
    {
        List<int>[] inField = [.. fields.Select(_ => new List<int>())];
        int field = 0;
        for (int i = 0; i < tokens.Count; i++)
        {
            while (field < fields.Count && tokens[i].Start >= fields[field].End)
            {
                field++;
            }

            if (field < fields.Count && tokens[i].Start >= fields[field].Start && tokens[i].End <= fields[field].End)
            {
                inField[field].Add(i);
            }
        }

        bool[] cut = new bool[tokens.Count];
        int[] kept = Lengths([.. inField.Select(static list => list.Count)], over)
            ?? throw new DataException(row.File, row.Line, $"the template takes more than max_length {_maxLength} tokens around this row's fields", "Shorten the template or raise max_length");
        for (int f = 0; f < kept.Length; f++)
        {
            int drop = inField[f].Count - kept[f];
            int front = _keep switch { Keep.Head => 0, Keep.Tail => drop, _ => drop / 2 };
            for (int i = 0; i < inField[f].Count; i++)
            {
                cut[inField[f][i]] = i < front || i >= front + kept[f];
            }
        }

        return cut;
    }

    /// <summary>Lowers the longest, again and again, until the sum has come down by <paramref name="over"/>; null if it cannot.</summary>
    private static int[]? Lengths(int[] lengths, int over)
    {
        int total = lengths.Sum() - over;
        if (total < 0)
        {
            return null;
        }

        // The highest level at which the fields, none above it, still fit; what is left goes to the first of the longer ones.
        int level = 0;
        while (lengths.Sum(length => Math.Min(length, level + 1)) <= total && level < total)
        {
            level++;
        }

        int[] kept = [.. lengths.Select(length => Math.Min(length, level))];
        int left = total - kept.Sum();
        for (int i = 0; i < kept.Length && left > 0; i++)
        {
            if (lengths[i] > kept[i])
            {
                kept[i]++;
                left--;
            }
        }

        return kept;
    }
}
