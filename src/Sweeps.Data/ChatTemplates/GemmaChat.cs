using System.Text;

namespace Sweeps.Data.ChatTemplates;

/// <summary>
/// Gemma 3: turns of user and model, strictly one after the other; instructions stand before the first user's text, as
/// they are, everything else is trimmed.
/// </summary>
internal sealed class GemmaChat : ChatLayout
{
    public override string Name => "gemma3";

    public override IReadOnlyList<string> ModelTypes { get; } = ["gemma3_text"];

    public override IReadOnlyList<string> Marks { get; } = ["<bos>", "<start_of_turn>", "<end_of_turn>"];

    public override string TurnEnd => "<end_of_turn>";

    public override bool TrimsContent => true;

    protected override void Write(IReadOnlyList<ChatMessage> messages, StringBuilder text)
    {
        text.Append("<bos>");
        string instructions = messages[0].Role == ChatRole.System ? messages[0].Content + "\n\n" : "";
        int first = messages[0].Role == ChatRole.System ? 1 : 0;
        for (int i = first; i < messages.Count; i++)
        {
            if ((messages[i].Role == ChatRole.User) != ((i - first) % 2 == 0))
            {
                throw new DataException(null, null, "Conversation roles must alternate user/assistant/user/assistant/...", "Let a question of the user come first and an answer between any two questions");
            }

            text.Append("<start_of_turn>").Append(messages[i].Role == ChatRole.Assistant ? "model" : RoleName(messages[i].Role)).Append('\n');
            text.Append(i == first ? instructions : "").Append(Trim(messages[i].Content)).Append("<end_of_turn>\n");
        }
    }

    protected override void WriteGenerationPrompt(bool? enableThinking, StringBuilder text) => text.Append("<start_of_turn>model\n");
}
