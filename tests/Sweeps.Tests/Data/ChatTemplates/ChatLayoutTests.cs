using System.Text.Json;
using Sweeps.Data;
using Sweeps.Data.ChatTemplates;
using Sweeps.Data.Readers;
using Sweeps.Data.Templates;
using Sweeps.Data.Tokenizers;
using Sweeps.Tests.Data.Tokenizers;

namespace Sweeps.Tests.Data.ChatTemplates;

public sealed class ChatLayoutTests
{
    [Theory]
    [Trait("Category", "Golden")]
    [InlineData("chat_templates", "gemma3", "gemma3_text", 14)]
    [InlineData("chat_templates", "qwen3", "qwen3", 30)]
    [InlineData("chat_templates_llama3", "llama3_1", "llama", 20)]
    public void Text_and_ids_equal_Transformers(string file, string model, string modelType, int count)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(SharedFiles.Require($"golden/{file}.json")));
        JsonElement[] cases = [.. golden.RootElement.GetProperty("cases").EnumerateArray().Where(one => one.GetProperty("model").GetString() == model)];
        ITokenizer tokenizer = SharedTokenizers.Load(model);
        ChatLayout layout = ChatLayout.Require(modelType, tokenizer);
        List<string> differ = [];
        foreach (JsonElement one in cases)
        {
            ChatMessage[] messages = [.. one.GetProperty("messages").EnumerateArray().Select(ReadMessage)];
            if (one.TryGetProperty("error", out JsonElement error))
            {
                Assert.Equal(error.GetString(), Assert.Throws<DataException>(() => layout.Render(messages, true)).Problem);
                continue;
            }

            bool prompt = one.GetProperty("add_generation_prompt").GetBoolean();
            bool? thinking = one.TryGetProperty("enable_thinking", out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value.GetBoolean() : null;
            string text = layout.Render(messages, prompt, thinking);
            if (text != one.GetProperty("text").GetString() || !layout.Encode(tokenizer, messages, prompt, thinking).SequenceEqual(one.GetProperty("ids").Deserialize<int[]>()!))
            {
                differ.Add($"{text}\nbut\n{one.GetProperty("text").GetString()}");
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{file}, {model}: {differ.Count} of {cases.Length} conversations differ");
        Assert.Equal(count, cases.Length);
        Assert.True(differ.Count == 0, string.Join("\n\n", differ.Take(5)));
    }

    [Theory]
    [InlineData("gemma3", "  who? ")]
    [InlineData("qwen3", "  who? ")]
    [InlineData("llama3", "\u001C who?\n")]
    public void A_frame_filled_is_the_conversation(string name, string question)
    {
        ChatLayout layout = ChatLayout.Find(name)!;
        ChatMessage[] earlier =
        [
            new(ChatRole.System, "Answer 0 or 1. \uE000"),
            new(ChatRole.User, "me?"),
            new(ChatRole.Assistant, "0"),
        ];

        Assert.Equal(layout.Render([.. earlier, new ChatMessage(ChatRole.User, question)], addGenerationPrompt: true, enableThinking: false), layout.Frame(earlier, enableThinking: false).Fill(question));
        Assert.Equal(layout.TrimsContent, layout.Frame([]).Trims);
    }

    [Theory]
    [InlineData("gemma3", " a b ", "a b", "<end_of_turn>\n")]
    [InlineData("qwen3", "\n a b ", " a b ", "<|im_end|>\n")]
    [InlineData("llama3", "\ta b\n", "a b", "<|eot_id|>")]
    public void A_prompt_and_an_answer_are_the_conversation(string name, string content, string written, string end)
    {
        ChatLayout layout = ChatLayout.Find(name)!;

        Assert.Equal(written, layout.Answer(content));
        Assert.StartsWith(layout.TurnEnd, end, StringComparison.Ordinal);
        Assert.Contains(layout.TurnEnd, layout.Marks);
        Assert.Equal(
            layout.Render([new(ChatRole.User, "q"), new(ChatRole.Assistant, content)], addGenerationPrompt: false),
            layout.Frame([], enableThinking: false).Fill("q") + layout.Answer(content) + end);
    }

    [Fact]
    public void An_answer_with_thoughts_of_its_own_is_refused_where_thoughts_have_a_place()
    {
        Assert.Contains("takes '<think>\nhm\n</think>\n\n1' for an answer with thoughts", Assert.Throws<DataException>(() => ChatLayout.Find("qwen3")!.Answer("<think>\nhm\n</think>\n\n1")).Message, StringComparison.Ordinal);
        Assert.Equal("</think> 1", ChatLayout.Find("gemma3")!.Answer("</think> 1"));
    }

    [Fact]
    public void Layouts_are_found_by_model_type_and_need_their_tokens()
    {
        Assert.Equal("llama3", ChatLayout.Find("llama")!.Name);
        Assert.Same(ChatLayout.Find("gemma3_text"), ChatLayout.Find("gemma3"));
        Assert.Null(ChatLayout.Find("bert"));

        using TempFolder folder = new();
        folder.File("tokenizer.json", """{"model": {"type": "WordLevel", "unk_token": "u", "vocab": {"u": 0, "<|im_start|>": 1}}, "pre_tokenizer": {"type": "Whitespace"}}""");
        ITokenizer tokenizer = TokenizerLoader.Load(folder.Path);
        Assert.Contains("no chat layout is known for model type 'bert'. Choose a base model of the type gemma3_text or qwen3 or llama", Assert.Throws<DataException>(() => ChatLayout.Require("bert", tokenizer)).Message, StringComparison.Ordinal);
        Assert.Contains("has no token '<|im_end|>', which the chat layout qwen3 writes", Assert.Throws<DataException>(() => ChatLayout.Require("qwen3", tokenizer)).Message, StringComparison.Ordinal);
        Assert.Throws<DataException>(() => ChatLayout.Find("qwen3")!.Render([], true));
    }

    [Theory]
    [InlineData("gemma3", "gemma3_text")]
    [InlineData("qwen3", "qwen3")]
    [InlineData("llama3_1", "llama")]
    public void Rows_are_encoded_and_cut_within_the_frame(string model, string modelType)
    {
        ITokenizer tokenizer = SharedTokenizers.Load(model);
        ChatLayout layout = ChatLayout.Require(modelType, tokenizer);
        ChatMessage[] earlier = [new(ChatRole.System, "Answer with the intent.")];
        ChatFrame frame = layout.Frame(earlier);
        DataTable table = DataTable.FromRows("rows", ["text"], [[" where is my card? "], [string.Join(' ', Enumerable.Repeat("where is my card?", 40))]]);
        TextTemplate template = TextTemplate.Parse(" {text} ");
        ExampleEncoder encoder = new(template, tokenizer, 64, Keep.Head, frame);

        EncodedExample whole = encoder.Encode(table.Rows[0]);
        int[] expected = layout.Encode(tokenizer, [.. earlier, new ChatMessage(ChatRole.User, "  where is my card?  ")], addGenerationPrompt: true);
        Assert.Equal(expected, whole.InputIds);

        EncodedExample cut = encoder.Encode(table.Rows[1]);
        int[] before = tokenizer.Encode(frame.Before.TrimEnd(), addSpecial: false), after = tokenizer.Encode(frame.After, addSpecial: false);
        Assert.Equal(64, cut.InputIds.Length);
        Assert.Equal(before, cut.InputIds[..before.Length]);
        Assert.Equal(after, cut.InputIds[^after.Length..]);
        Assert.True(cut.TruncatedTokens > 100);
    }

    private static ChatMessage ReadMessage(JsonElement message) => new(
        Enum.Parse<ChatRole>(message.GetProperty("role").GetString()!, ignoreCase: true),
        message.GetProperty("content").GetString()!);
}
