using Sweeps.Core.Spec;
using Sweeps.Data.ChatTemplates;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Training.Inputs;

/// <summary>Labels as tokens of the base model.</summary>
internal static class LabelTokens
{
    /// <summary>The texts of each label.</summary>
    /// <exception cref="ArgumentException">Not one entry for each label.</exception>
    public static IReadOnlyList<LabelText> Texts(TrialSettings settings)
    {
        var labels = settings.Data.Labels;
        var texts = settings.LabelTexts ?? [.. labels.Select(label => new LabelText(label))];
        return texts.Count == labels.Count
            ? texts
            : throw new ArgumentException($"label_texts has {texts.Count} texts for {labels.Count} labels: give one for each, in their order");
    }

    /// <summary>Tokens of each label's texts as they follow the prompt, without an end token.</summary>
    /// <param name="settings">Labels and their texts.</param>
    /// <param name="tokenizer">Of the base model.</param>
    /// <param name="chat">The layout whose answers they are; null: they follow the template.</param>
    /// <exception cref="ArgumentException">A text is no sequence of known tokens.</exception>
    public static IReadOnlyList<IReadOnlyList<IReadOnlyList<long>>> Of(TrialSettings settings, ITokenizer tokenizer, ChatLayout? chat) =>
        [.. Texts(settings).Select(label => (IReadOnlyList<IReadOnlyList<long>>)[.. label.Texts.Select(text => Tokens(text, settings.Head, tokenizer, chat))])];

    /// <summary>Tokens of one text of a label; none when the vocabulary does not know it.</summary>
    /// <exception cref="Data.DataException">The layout cannot write it.</exception>
    public static int[] Known(string text, ITokenizer tokenizer, ChatLayout? chat)
    {
        var ids = Ids(text, tokenizer, chat);
        return ids.Contains(tokenizer.UnkId ?? -1) ? [] : ids;
    }

    /// <summary>What a label ends with: the end of the model's turn, or the end token of the base.</summary>
    /// <exception cref="ArgumentException">The base names none.</exception>
    public static int End(ITokenizer tokenizer, ChatLayout? chat) =>
        chat is not null ? tokenizer.IdOf(chat.TurnEnd)!.Value : tokenizer.EosId ?? throw new ArgumentException(
            "head generate: the tokenizer of the base model names no end token (eos_token in tokenizer_config.json). Use head label-tokens");

    /// <summary>Tokens that the longest label takes behind a prompt; 0 under heads that write none.</summary>
    public static int Room(TrialSettings settings, ITokenizer tokenizer, ChatLayout? chat) => settings.Head == "generate"
        ? 1 + Texts(settings).SelectMany(label => label.Texts).Max(text => Ids(text, tokenizer, chat).Length)
        : 0;

    private static IReadOnlyList<long> Tokens(string text, string head, ITokenizer tokenizer, ChatLayout? chat)
    {
        var ids = Known(text, tokenizer, chat);
        return ids.Length > 0
            ? [.. ids.Select(id => (long)id)]
            : throw new ArgumentException(
                $"head {head}: the base model's vocabulary does not know the label text '{text}'. Give label_texts that it knows, or use head linear");
    }

    private static int[] Ids(string text, ITokenizer tokenizer, ChatLayout? chat) =>
        tokenizer.Encode(chat?.Answer(text) ?? text, addSpecial: false);
}
