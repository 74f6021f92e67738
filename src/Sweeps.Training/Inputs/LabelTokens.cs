using Sweeps.Core.Spec;
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
    /// <exception cref="ArgumentException">A text is no sequence of known tokens.</exception>
    public static IReadOnlyList<IReadOnlyList<IReadOnlyList<long>>> Of(TrialSettings settings, ITokenizer tokenizer) =>
        [.. Texts(settings).Select(label => (IReadOnlyList<IReadOnlyList<long>>)[.. label.Texts.Select(text => Tokens(text, settings.Head, tokenizer))])];

    /// <summary>The end token of the base.</summary>
    /// <exception cref="ArgumentException">It names none.</exception>
    public static int End(ITokenizer tokenizer) =>
        tokenizer.EosId ?? throw new ArgumentException(
            "head generate: the tokenizer of the base model names no end token (eos_token in tokenizer_config.json). Use head label-tokens");

    /// <summary>Tokens that the longest label takes behind a prompt; 0 under heads that write none.</summary>
    public static int Room(TrialSettings settings, ITokenizer tokenizer) => settings.Head == "generate"
        ? 1 + Texts(settings).SelectMany(label => label.Texts).Max(text => tokenizer.Encode(text, addSpecial: false).Length)
        : 0;

    private static IReadOnlyList<long> Tokens(string text, string head, ITokenizer tokenizer)
    {
        var ids = tokenizer.Encode(text, addSpecial: false);
        return ids.Length > 0 && !ids.Contains(tokenizer.UnkId ?? -1)
            ? [.. ids.Select(id => (long)id)]
            : throw new ArgumentException(
                $"head {head}: the base model's vocabulary does not know the label text '{text}'. Give label_texts that it knows, or use head linear");
    }
}
