using System.Text;

namespace Sweeps.Data.ChatTemplates;

/// <summary>
/// Qwen3: contents as they are. The model's answers lose their thoughts once the user has asked again; the last answer
/// after the last question always has a block of thoughts, if an empty one.
/// </summary>
internal sealed class QwenChat : ChatLayout
{
    private const string Start = "<|im_start|>";
    private const string End = "<|im_end|>\n";
    private const string ThoughtsEnd = "</think>";

    public override string Name => "qwen3";

    public override IReadOnlyList<string> ModelTypes { get; } = ["qwen3"];

    public override IReadOnlyList<string> Marks { get; } = ["<|im_start|>", "<|im_end|>"];

    public override string TurnEnd => "<|im_end|>";

    public override bool TrimsContent => false;

    protected override void Write(IReadOnlyList<ChatMessage> messages, StringBuilder text)
    {
        int lastQuestion = messages.Count - 1;
        for (int i = messages.Count - 1; i >= 0; i--)
        {
            if (messages[i].Role == ChatRole.User && !IsToolResponse(messages[i].Content))
            {
                lastQuestion = i;
                break;
            }
        }

        for (int i = 0; i < messages.Count; i++)
        {
            (ChatRole role, string content) = messages[i];
            text.Append(Start).Append(RoleName(role)).Append('\n');
            if (role == ChatRole.Assistant)
            {
                WriteAnswer(content, afterQuestion: i > lastQuestion, last: i == messages.Count - 1, text);
            }
            else
            {
                text.Append(content);
            }

            text.Append(End);
        }
    }

    protected override void WriteGenerationPrompt(bool? enableThinking, StringBuilder text)
    {
        text.Append(Start).Append("assistant\n");
        if (enableThinking == false)
        {
            text.Append("<think>\n\n</think>\n\n");
        }
    }

    private static void WriteAnswer(string content, bool afterQuestion, bool last, StringBuilder text)
    {
        string thoughts = "";
        if (content.Contains(ThoughtsEnd, StringComparison.Ordinal))
        {
            thoughts = content.Split(ThoughtsEnd)[0].TrimEnd('\n').Split("<think>")[^1].TrimStart('\n');
            content = content.Split(ThoughtsEnd)[^1].TrimStart('\n');
        }

        if (afterQuestion && (last || thoughts.Length > 0))
        {
            text.Append("<think>\n").Append(thoughts.Trim('\n')).Append("\n</think>\n\n").Append(content.TrimStart('\n'));
        }
        else
        {
            text.Append(content);
        }
    }

    private static bool IsToolResponse(string content) =>
        content.StartsWith("<tool_response>", StringComparison.Ordinal) && content.EndsWith("</tool_response>", StringComparison.Ordinal);
}
