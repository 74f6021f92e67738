using System.Text;

namespace Sweeps.Data.ChatTemplates;

/// <summary>
/// Llama 3, the short layout: any order of roles, every content trimmed. (Meta's own 3.1 and 3.2 Instruct folders carry a
/// longer one, with a date and tools among the instructions.)
/// </summary>
internal sealed class LlamaChat : ChatLayout
{
    public override string Name => "llama3";

    public override IReadOnlyList<string> ModelTypes { get; } = ["llama"];

    public override IReadOnlyList<string> Marks { get; } = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"];

    public override string TurnEnd => "<|eot_id|>";

    public override bool TrimsContent => true;

    protected override void Write(IReadOnlyList<ChatMessage> messages, StringBuilder text)
    {
        text.Append("<|begin_of_text|>");
        foreach (ChatMessage message in messages)
        {
            Header(RoleName(message.Role), text);
            text.Append(Trim(message.Content)).Append("<|eot_id|>");
        }
    }

    protected override void WriteGenerationPrompt(bool? enableThinking, StringBuilder text) => Header("assistant", text);

    private static void Header(string role, StringBuilder text) =>
        text.Append("<|start_header_id|>").Append(role).Append("<|end_header_id|>\n\n");
}
