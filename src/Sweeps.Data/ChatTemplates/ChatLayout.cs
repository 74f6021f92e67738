using System.Text;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Data.ChatTemplates;

/// <summary>
/// How a model family writes a conversation. Each layout is written in C# and equals what Transformers makes of the
/// template that the family's tokenizer_config.json ships; no template of a model folder is ever run.
/// </summary>
public abstract class ChatLayout
{
    private static readonly ChatLayout[] All = [new GemmaChat(), new QwenChat(), new LlamaChat()];

    /// <summary>What messages call it: gemma3, qwen3 or llama3.</summary>
    public abstract string Name { get; }

    /// <summary>The values of <c>model_type</c> in config.json that it belongs to.</summary>
    public abstract IReadOnlyList<string> ModelTypes { get; }

    /// <summary>The tokens it writes; each must be one token of the base model's vocabulary.</summary>
    public abstract IReadOnlyList<string> Marks { get; }

    /// <summary>The one of <see cref="Marks"/> that ends a turn of the model: where its answer stops.</summary>
    public abstract string TurnEnd { get; }

    /// <summary>Whether white space at the borders of what a user says is left out.</summary>
    public abstract bool TrimsContent { get; }

    /// <summary>The layout of a model type, or null.</summary>
    /// <param name="modelType">As in config.json, or the layout's name.</param>
    public static ChatLayout? Find(string modelType) =>
        Array.Find(All, layout => layout.Name == modelType || layout.ModelTypes.Contains(modelType, StringComparer.Ordinal));

    /// <summary>The layout of a base model.</summary>
    /// <param name="modelType">As in its config.json.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <exception cref="DataException">No layout is known for the type, or the vocabulary lacks a token that it writes.</exception>
    public static ChatLayout Require(string modelType, ITokenizer tokenizer)
    {
        ChatLayout layout = Find(modelType)
            ?? throw new DataException(null, null, $"no chat layout is known for model type '{modelType}'", $"Choose a base model of the type {string.Join(" or ", All.SelectMany(static one => one.ModelTypes))}, or write the prompt out in the template");
        return layout.Missing(tokenizer) is { } mark
            ? throw new DataException(null, null, $"the base model's tokenizer has no token '{mark}', which the chat layout {layout.Name} writes", "Choose a base model tuned for chat in this layout, or write the prompt out in the template")
            : layout;
    }

    /// <summary>Whether a tokenizer has every token that the layout writes.</summary>
    public bool IsIn(ITokenizer tokenizer) => Missing(tokenizer) is null;

    private string? Missing(ITokenizer tokenizer) => Marks.FirstOrDefault(mark => tokenizer.IdOf(mark) is null);

    /// <summary>Writes a conversation, the begin token included: encode it without special tokens.</summary>
    /// <param name="messages">At least one.</param>
    /// <param name="addGenerationPrompt">Whether the beginning of the model's answer follows.</param>
    /// <param name="enableThinking">Qwen3: false closes the model's thoughts before its answer. Others ignore it.</param>
    /// <exception cref="DataException">The layout has no place for such a conversation.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, bool? enableThinking = null)
    {
        if (messages.Count == 0)
        {
            throw new DataException(null, null, "a conversation needs a message");
        }

        StringBuilder text = new();
        Write(messages, text);
        if (addGenerationPrompt)
        {
            WriteGenerationPrompt(enableThinking, text);
        }

        return text.ToString();
    }

    /// <summary>The ids of a conversation.</summary>
    /// <exception cref="DataException">The layout has no place for such a conversation.</exception>
    public int[] Encode(ITokenizer tokenizer, IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, bool? enableThinking = null) =>
        tokenizer.Encode(Render(messages, addGenerationPrompt, enableThinking), addSpecial: false);

    /// <summary>A conversation whose last message, a user's, is open, up to the model's answer.</summary>
    /// <param name="earlier">What was said before: instructions, examples with their answers.</param>
    /// <param name="enableThinking">As in <see cref="Render"/>.</param>
    /// <exception cref="DataException">The layout has no place for such a conversation.</exception>
    public ChatFrame Frame(IReadOnlyList<ChatMessage> earlier, bool? enableThinking = null)
    {
        // A text that no message holds and no layout changes marks the hole.
        string hole = "\uE000";
        while (earlier.Any(message => message.Content.Contains(hole, StringComparison.Ordinal)))
        {
            hole += "\uE000";
        }

        string text = Render([.. earlier, new ChatMessage(ChatRole.User, hole)], addGenerationPrompt: true, enableThinking);
        int at = text.IndexOf(hole, StringComparison.Ordinal);
        return new ChatFrame(text[..at], text[(at + hole.Length)..], TrimsContent);
    }

    /// <summary>What stands between the generation prompt and <see cref="TurnEnd"/> when the model answers so.</summary>
    /// <param name="content">The answer.</param>
    /// <exception cref="DataException">The answer writes thoughts, which have their own place before it.</exception>
    public string Answer(string content)
    {
        ChatMessage question = new(ChatRole.User, "?");
        string prompt = Render([question], addGenerationPrompt: true, enableThinking: false);
        string whole = Render([question, new ChatMessage(ChatRole.Assistant, content)], addGenerationPrompt: false);
        return whole.StartsWith(prompt, StringComparison.Ordinal)
            ? whole[prompt.Length..whole.LastIndexOf(TurnEnd, StringComparison.Ordinal)]
            : throw new DataException(null, null, $"the chat layout {Name} takes '{content}' for an answer with thoughts", "Give the label a text without <think> and </think>");
    }

    /// <summary>Python's str.strip: Unicode white space and the four separators of ASCII, which .NET does not count.</summary>
    internal static string Trim(string text)
    {
        int start = 0, end = text.Length;
        while (start < end && IsSpace(text[start]))
        {
            start++;
        }

        while (end > start && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[start..end];

        static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';
    }

    /// <summary>Writes all messages.</summary>
    protected abstract void Write(IReadOnlyList<ChatMessage> messages, StringBuilder text);

    /// <summary>Writes the beginning of the model's answer.</summary>
    protected abstract void WriteGenerationPrompt(bool? enableThinking, StringBuilder text);

    /// <summary>A role as most layouts write it.</summary>
    protected static string RoleName(ChatRole role) => role switch
    {
        ChatRole.System => "system",
        ChatRole.User => "user",
        _ => "assistant",
    };
}
