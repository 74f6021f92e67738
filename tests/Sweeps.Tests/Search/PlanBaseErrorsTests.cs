using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Search.Planning;
using Xunit;
using static Sweeps.Tests.Search.PlanSamples;

namespace Sweeps.Tests.Search;

/// <summary>What only the base model can tell is wrong of methods, heads, labels and prompts, named at its place in the spec all the same.</summary>
public sealed class PlanBaseErrorsTests
{
    [Fact]
    public void A_base_in_four_bits_is_not_trained_in_full()
    {
        var plan = Planner.Plan(Read("\"{message}\"", "grid: {method: [full, qlora, head-only]}"), Table, Bert with { IsQuantised = true });

        var error = Assert.Single(plan.Errors);
        Assert.Equal((4, 17, "qlora"), (error.Line, error.Column, error.Nearest));
        Assert.Contains("held in 4 bits and cannot be trained in full", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_base_in_four_bits_under_the_method_that_nobody_named_is_refused_at_the_base()
    {
        var error = Assert.Single(Planner.Plan(Read("\"{message}\"", "seed: 1"), Table, Bert with { IsQuantised = true }).Errors);

        Assert.Equal((1, 7), (error.Line, error.Column));
        Assert.Contains("Allowed: the method qlora, or the base before", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lora", "linear", "[nothing]", "'nothing' names no module of gemma3_text. Allowed: none, or some of embed_tokens, key, norm, query")]
    [InlineData("lora", "linear", "[norm, erm]", "'erm' names no module")]
    [InlineData("dora", "linear", "[embed_tokens]", "embed_tokens is also the output head of this model")]
    [InlineData("qlora", "linear", "[\"0\"]", "encoder.0.query is held in 4 bits")]
    [InlineData("lora", "linear", "[encoder.0, norm, score]", null)]
    [InlineData("lora", "generate", "[score]", "'score' names no module")]
    public void Modules_to_save_that_cannot_be_are_refused(string method, string head, string names, string? says)
    {
        var model = Gemma with { Modules = ["embed_tokens", "encoder.0.query", "encoder.0.key", "norm"], TiedModule = "embed_tokens" };

        var errors = Planner.Plan(Read("\"{message}\"", $"method: {method}\nhead: {head}\nlora: {{modules_to_save: {names}}}"), Table, model).Errors;

        if (says is null)
        {
            Assert.Empty(errors);
            return;
        }

        var error = Assert.Single(errors);
        Assert.Equal((6, 25), (error.Line, error.Column));
        Assert.Contains(says, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_are_not_looked_at_where_no_head_could_read_them()
    {
        var error = Assert.Single(Planner.Plan(Read("\"{message}\"", "head: generate"), Table, Bert with { LabelTokens = [[[5]], [[]]] }).Errors);

        Assert.Contains("bert is an encoder", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Head_only_needs_a_head_with_weights()
    {
        var plan = Planner.Plan(Read("\"{message}\"", "method: head-only\nhead: label-tokens"), Table, Gemma);

        Assert.Contains(plan.Errors, error => error.ToString().Contains("has no weights of its own", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("gemma3_text", true, "mean", "pooling is for encoders, and gemma3_text is a decoder", "auto")]
    [InlineData("t5", false, "pooled", "t5 has no pooler", "mean")]
    public void Pooling_that_the_base_has_not_is_refused(string family, bool isDecoder, string pooling, string says, string nearest)
    {
        var plan = Planner.Plan(
            Read("\"{message}\"", $"pooling: {pooling}"), Table, Bert with { Family = family, IsDecoder = isDecoder, Writes = true });

        var error = Assert.Single(plan.Errors);
        Assert.Equal((4, 10, nearest), (error.Line, error.Column, error.Nearest));
        Assert.Contains(says, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("generate", 4, 7, "'no' and 'yes' give the same tokens", "5 6", "5 6")]
    [InlineData("generate", 0, 0, null, "5", "5 6")]
    [InlineData("label-tokens", 4, 7, "begin with the same token, and the head label-tokens reads only the first", "5", "5 6")]
    [InlineData("trimmed", 4, 7, "begin with the same token", "5 7", "5 6")]
    [InlineData("trimmed\ntrim: first-rows", 0, 0, null, "5 7", "5 6")]
    [InlineData("generate", 4, 7, "does not know the text 'yes' of the label 'yes'", "5", "")]
    [InlineData("linear", 0, 0, null, "5", "")]
    public void Labels_that_are_no_tokens_or_the_same_are_refused(string head, int line, int column, string? says, string no, string yes)
    {
        IReadOnlyList<IReadOnlyList<int>> Tokens(string ids) =>
            [[.. ids.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture))]];
        var model = Gemma with { LabelTokens = [Tokens(no), Tokens(yes)], EndToken = 1 };

        var plan = Planner.Plan(Read("\"{message}\"", "head: " + head), Table, model);

        if (says is null)
        {
            Assert.Empty(plan.Errors);
            return;
        }

        var error = Assert.Single(plan.Errors);
        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.Contains(says, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat: true", "", 4, 7, "chat")]
    [InlineData("grid: {chat: [false, true]}", "", 4, 22, "chat")]
    [InlineData("arms: {a: {chat: true}}", "", 4, 18, "chat")]
    [InlineData("few_shot: 3", "", 4, 11, "few_shot")]
    [InlineData("arms: {shown: {method: zero-shot, head: generate, few_shot: 3}}", "", 4, 61, "few_shot")]
    [InlineData("max_length: 9", "", 4, 13, "max_length")]
    [InlineData("", "", 3, 11, "max_length")]
    [InlineData("grid: {max_length: [9, 200]}", "", 4, 21, "max_length")]
    public void What_a_base_cannot_make_of_a_prompt_is_refused(string lines, string other, int line, int column, string setting)
    {
        var spec = Read("\"{message}\"", lines + other);
        var model = Gemma with { MeanTokens = 12 };
        // Those that the settings name; without any, all.
        var trials = Planner.Plan(spec, Table, model).Trials.Select(trial => trial.Settings)
            .Where(trial => setting switch { "chat" => trial.Chat, "few_shot" => trial.FewShot > 0, _ => lines.Length == 0 || trial.MaxLength == 9 });
        model = model with
        {
            Texts = [.. trials.Select(trial => new TextFacts
            {
                Form = TextFacts.FormOf(trial, 512), Setting = setting, Problem = "it cannot be", Fix = "Do something else",
            })],
        };

        var error = Assert.Single(Planner.Plan(spec, Table, model).Errors);

        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.Equal("it cannot be. Allowed: do something else", error.ToString()[$"grid.yaml:{line}:{column}: ".Length..]);
    }

    [Fact]
    public void Labels_are_told_apart_as_the_chat_layout_writes_them()
    {
        // The layout trims: two labels that differ in a space are the same answer.
        var model = Gemma with { LabelTokens = [[[5]], [[6]]], ChatLabelTokens = [[[5]], [[5]]], EndToken = null };

        Assert.Contains("the tokenizer of the base model names none", Assert.Single(Planner.Plan(Read("\"{message}\"", "head: generate"), Table, model).Errors).Problem, StringComparison.Ordinal);
        Assert.Contains("give the same tokens", Assert.Single(Planner.Plan(Read("\"{message}\"", "head: generate\nchat: true"), Table, model).Errors).Problem, StringComparison.Ordinal);
        // A turn has its own end.
        Assert.Empty(Planner.Plan(Read("\"{message}\"", "head: generate\nchat: true"), Table, model with { ChatLabelTokens = [[[5]], [[6]]] }).Errors);
    }

    [Fact]
    public void What_stands_in_front_of_a_prompt_counts_in_what_a_trial_costs()
    {
        var spec = Read("\"{message}\"", "grid: {chat: [false, true]}");
        var plain = Planner.Plan(spec, Table, Gemma).Trials.Select(trial => trial.Settings).ToList();
        var model = Gemma with
        {
            MeanTokens = 20,
            Texts = [.. plain.Select((trial, index) => new TextFacts { Form = TextFacts.FormOf(trial, 512), FixedTokens = 5 + (10 * index) })],
        };

        Assert.Equal([20, 30], plain.Select(model.MeanTokensOf));
        var costs = Planner.Plan(spec, Table, model, new Dictionary<string, double> { ["full"] = 1 }).Trials.Select(trial => trial.Seconds!.Value).ToList();
        Assert.True(costs[1] > 1.1 * costs[0]);
        Assert.Contains(Planner.Plan(Read("\"{message}\"", "chat: true\nmax_length: 25"), Table, model with
        {
            Texts = [model.Texts[0], new TextFacts { Form = TextFacts.FormOf(plain[1] with { MaxLength = 25 }, 512), FixedTokens = 15 }],
        }).Warnings, warning => warning.Contains("texts have 30 tokens on average, and max_length 25 cuts them", StringComparison.Ordinal));
    }

    [Fact]
    public void A_base_without_an_end_token_cannot_generate_labels()
    {
        var model = Gemma with { LabelTokens = [[[5]], [[6]]] };

        var error = Assert.Single(Planner.Plan(Read("\"{message}\"", "head: generate"), Table, model).Errors);

        Assert.Contains("the tokenizer of the base model names none", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_default_length_fits_every_base_and_an_asked_one_is_kept()
    {
        var small = Bert with { MaxPositions = 64 };
        Assert.All(Planner.Plan(Read("\"{message}\"", ""), Table, small).Trials, trial => Assert.Equal(64, trial.Settings.MaxLength));
        Assert.All(Planner.Plan(Read("\"{message}\"", ""), Table, Bert).Trials, trial => Assert.Equal(128, trial.Settings.MaxLength));
        Assert.All(Planner.Plan(Read("\"{message}\"", "max_length: 32"), Table, small).Trials, trial => Assert.Equal(32, trial.Settings.MaxLength));
        Assert.Single(Planner.Plan(Read("\"{message}\"", "max_length: 128"), Table, small).Errors);
    }
}
