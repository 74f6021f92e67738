using System.Text.Json;
using Sweeps.Core.Spec;
using Sweeps.Data.ChatTemplates;
using Sweeps.Data.Readers;
using Sweeps.Data.Tokenizers;
using Sweeps.Models.Heads;
using Sweeps.Torch.Tests.Models;
using Sweeps.Training.Inputs;
using Sweeps.Training.Tasks;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Inputs;

/// <summary>Rows of a trial with <c>chat</c> are what Transformers' chat templates give, prompt, answer and end of turn.</summary>
public sealed class ChatRowTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sweeps-chat").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [Trait("Category", "Golden")]
    [InlineData("chat_templates", "gemma3", "gemma3_text", "\n", 3, 3)]
    [InlineData("chat_templates", "qwen3", "qwen3", "\n", 1, 3)]
    [InlineData("chat_templates_llama3", "llama3_1", "llama", "", 3, 6)]
    public void Whole_training_rows_equal_Transformers(string file, string name, string modelType, string behind, int rows, int prompts)
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(SharedFiles.Golden(file + ".json")));
        var tokenizer = Tokenizer(name);
        var layout = ChatLayout.Require(modelType, tokenizer);
        var end = tokenizer.IdOf(layout.TurnEnd)!.Value;
        int[] newline = behind.Length == 0 ? [] : tokenizer.Encode(behind, addSpecial: false);
        var (wholes, asked) = (0, 0);
        foreach (var one in golden.RootElement.GetProperty("cases").EnumerateArray().Where(one => one.GetProperty("model").GetString() == name && one.TryGetProperty("ids", out _)))
        {
            ChatMessage[] messages = [.. one.GetProperty("messages").EnumerateArray().Select(message => new ChatMessage(
                Enum.Parse<ChatRole>(message.GetProperty("role").GetString()!, ignoreCase: true), message.GetProperty("content").GetString()!))];
            var ids = one.GetProperty("ids").Deserialize<int[]>()!;
            var prompt = one.GetProperty("add_generation_prompt").GetBoolean();
            // Labels have no thoughts: where a layout may think, the prompt closes them.
            var thinks = one.TryGetProperty("enable_thinking", out var value);
            var quick = name != "qwen3" || (thinks && value.ValueKind == JsonValueKind.False);
            if (prompt && quick && messages is [.., { Role: ChatRole.User } last])
            {
                var row = RowOf(layout, tokenizer, messages[..^1], last.Content, "Average performance");
                Assert.Equal(ids, row.Ids[..ids.Length]);
                Assert.All(row.Labels[..ids.Length], label => Assert.Equal(CausalLanguageLoss.Ignored, label));
                asked++;
            }
            else if (!prompt && quick && messages is [.., { Role: ChatRole.User } question, { Role: ChatRole.Assistant } answer]
                && (name != "qwen3" || !answer.Content.Contains("<think>", StringComparison.Ordinal)))
            {
                var row = RowOf(layout, tokenizer, messages[..^2], question.Content, answer.Content);
                Assert.Equal(ids, row.Ids.Concat(newline).ToArray());
                Assert.Equal(end, row.Labels[^1]);
                Assert.Equal(row.Ids[^row.Graded..], row.Labels[^row.Graded..].Select(label => (int)label));
                Assert.Equal(layout.Answer(answer.Content), tokenizer.Decode(row.Ids.AsSpan()[^row.Graded..^1]));
                wholes++;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {wholes} whole rows and {asked} prompts, all ids equal");
        Assert.Equal((rows, prompts), (wholes, asked));
    }

    /// <summary>The row as a trial with the head generate makes it, behind what was said before.</summary>
    private static GradedRow RowOf(ChatLayout layout, ITokenizer tokenizer, ChatMessage[] earlier, string question, string answer)
    {
        var settings = new TrialSettings
        {
            Base = "base",
            Chat = true,
            Head = "generate",
            Template = "{text}",
            MaxLength = 300,
            LabelTexts = [new(answer), new("something else")],
            Data = new DataSettings { Labels = ["a", "b"] },
        };
        var encoding = new TextEncoding(settings, tokenizer, 1_000, layout);
        if (earlier.Length > 0)
        {
            encoding.UseExamples(layout.Frame(earlier, enableThinking: false).Before);
        }

        var prompt = encoding.Encode(DataTable.FromRows("rows", ["text"], [[question]]).Rows[0]);
        return GradedRow.Of(prompt, [.. LabelTokens.Of(settings, tokenizer, layout)[0][0], LabelTokens.End(tokenizer, layout)], 0);
    }

    private ITokenizer Tokenizer(string name)
    {
        foreach (var file in new[] { "tokenizer.json", "tokenizer_config.json" })
        {
            File.CreateSymbolicLink(Path.Combine(_folder, file), SharedFiles.Need($"tokenizers/{name}_{file}"));
        }

        return TokenizerLoader.Load(_folder);
    }
}
