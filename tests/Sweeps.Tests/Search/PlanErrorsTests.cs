using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Search.Planning;
using Xunit;

namespace Sweeps.Tests.Search;

/// <summary>What only data and base model can tell is wrong, named at its place in the spec all the same.</summary>
public sealed class PlanErrorsTests
{
    private static readonly DataFacts Data = new()
    {
        Labels = ["no", "yes"],
        Rows = new Dictionary<string, int> { ["train"] = 100, ["validation"] = 20, ["test"] = 20 },
        Columns = ["message", "other", "label"],
    };

    private static readonly ModelFacts Bert = new()
    {
        Family = "bert",
        Layers = 6,
        HiddenSize = 384,
        Parameters = 22_713_216,
        EmbeddingParameters = 11_920_000,
        MaxPositions = 512,
        IsDecoder = false,
        Linears = [new LinearFact("encoder.0.query", 384, 384), new LinearFact("encoder.0.key", 64, 384)],
    };

    private static readonly ModelFacts Gemma = Bert with { Family = "gemma3_text", IsDecoder = true };

    [Theory]
    [InlineData("frozen_layers: 7", 4, 16, "frozen_layers 7 is more than the 6 layers", null)]
    [InlineData("grid: {frozen_layers: [0, 7]}", 4, 27, "Allowed: 0 to 6", null)]
    [InlineData("head: label-tokens", 4, 7, "bert is an encoder", "linear")]
    [InlineData("arms: {a: {frozen_layers: 9}}", 4, 27, "frozen_layers 9 is more than the 6 layers", null)]
    [InlineData("arms: {a: {method: zero-shot}}", 4, 20, "zero-shot trains nothing", null)]
    [InlineData("head: generate", 4, 7, "bert is an encoder", "linear")]
    [InlineData("head: trimmed", 4, 7, "bert is an encoder", "linear")]
    [InlineData("method: zero-shot", 4, 9, "zero-shot trains nothing, and the head linear begins with chance", null)]
    [InlineData("training: {schedule: warmup-stable-decay, warmup: 8, decay_steps: 9}", 4, 67, "longer than a trial of 12 steps", null)]
    [InlineData("method: lora\nlora: {rank: 385}", 5, 14, "rank 385 is above the width 384", null)]
    [InlineData("method: lora\ngrid: {rank: [8, 400]}\nlora: {target_modules: query}", 5, 18, "Allowed: 1 to 384", null)]
    [InlineData("method: dora\nlora: {rank: 385}", 5, 14, "rank 385 is above the width 384", null)]
    [InlineData("method: lora\nlora: {rank: 65, target_modules: [query, key]}", 5, 14, "above the smaller side of encoder.0.key [64, 384]", null)]
    [InlineData("method: qlora\nlora: {target_modules: [query, q_proj]}", 5, 24, "'q_proj' names no linear layer of bert", null)]
    [InlineData("method: lora\nlora: {target_modules: \"regex:query\"}", 5, 24, "names no linear layer of bert", null)]
    [InlineData("method: lora\nlora: {target_modules: \"regex:(\"}", 5, 24, "is not a regular expression", null)]
    [InlineData("method: ia3", 4, 9, "ia3 needs a decoder, and bert is none", "lora")]
    [InlineData("grid: {method: [lora, prefix]}", 4, 23, "prefix needs a decoder", "lora")]
    [InlineData("max_length: 513", 4, 13, "above the 512 positions", null)]
    [InlineData("training: {class_weights: {no: 1, yse: 2, yes: 1}}", 4, 35, "'yse' is no label of these data", "yes")]
    [InlineData("training: {class_weights: {no: 1}}", 4, 27, "class_weights has no weight for 'yes'", null)]
    [InlineData("head: linear\nlabel_texts: {maybe: x}", 5, 15, "'maybe' is no label", null)]
    [InlineData("label_texts: {no: \"yes\"}", 4, 14, "2 labels have the text 'yes'", null)]
    [InlineData("grid: {seed: [1, 2]}\ntruncate: tail\nmax_length: 600", 6, 13, "above the 512 positions", null)]
    public void Errors_stand_where_the_value_stands(string lines, int line, int column, string says, string? nearest)
    {
        var plan = Planner.Plan(Read("\"{message}\"", lines), Data, Bert);

        var error = Assert.Single(plan.Errors);
        Assert.Equal((line, column, nearest), (error.Line, error.Column, error.Nearest));
        Assert.StartsWith($"grid.yaml:{line}:{column}: ", error.ToString(), StringComparison.Ordinal);
        Assert.Contains(says, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("method: prompt\nmax_length: 500", 5, 13)]
    [InlineData("max_length: 500\nmethod: prefix\nvirtual_tokens: 20", 6, 17)]
    [InlineData("max_length: 500\ngrid: {method: [full, prefix], virtual_tokens: [4, 20]}", 5, 52)]
    [InlineData("method: full\narms: {a: {method: prompt, max_length: 500}}", 5, 40)]
    public void Too_many_virtual_tokens_are_named_where_the_spec_says_so(string lines, int line, int column)
    {
        var error = Assert.Single(Planner.Plan(Read("\"{message}\"", lines), Data, Gemma).Errors);

        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.Contains("20 virtual tokens and texts of 500 are above the 512 positions", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_many_virtual_tokens_by_default_are_named_at_the_method()
    {
        var error = Assert.Single(Planner.Plan(Read("\"{message}\"", "seed: 1\nmethod: prefix"), Data, Gemma with { MaxPositions = 128 }).Errors);

        Assert.Equal((5, 9, "method"), (error.Line, error.Column, error.Path));
    }

    [Theory]
    [InlineData("head: trimmed\nlabel_texts: {yes: [good, fine]}", "the head trimmed starts from each label's first text in label_texts; the others are not used")]
    [InlineData("head: generate\nvariants: {v: {multiply_logit: {yes: 2}}}", "variants.v.multiply_logit: under the head generate a label's score is its log-probability, at most 0, so a factor above 1 makes the label less likely")]
    public void What_a_head_makes_of_texts_and_factors_is_a_warning(string lines, string says)
    {
        var plan = Planner.Plan(Read("\"{message}\"", lines), Data, Gemma);

        Assert.Empty(plan.Errors);
        Assert.Equal([says], plan.Warnings);
    }

    [Theory]
    [InlineData("head: trimmed\nlabel_texts: {yes: good}")]
    [InlineData("head: label-tokens\nlabel_texts: {yes: [good, fine]}\nvariants: {v: {multiply_logit: {yes: 2}}}")]
    [InlineData("head: generate\nvariants: {v: {multiply_logit: {yes: 1}}, w: {temperature: 2}}")]
    public void Texts_and_factors_that_do_what_they_say_are_no_warning(string lines) =>
        Assert.Empty(Planner.Plan(Read("\"{message}\"", lines), Data, Gemma).Warnings);

    [Fact]
    public void A_base_in_four_bits_is_not_trained_in_full()
    {
        var plan = Planner.Plan(Read("\"{message}\"", "grid: {method: [full, qlora, head-only]}"), Data, Bert with { IsQuantised = true });

        var error = Assert.Single(plan.Errors);
        Assert.Equal((4, 17, "qlora"), (error.Line, error.Column, error.Nearest));
        Assert.Contains("held in 4 bits and cannot be trained in full", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_base_in_four_bits_under_the_method_that_nobody_named_is_refused_at_the_base()
    {
        var error = Assert.Single(Planner.Plan(Read("\"{message}\"", "seed: 1"), Data, Bert with { IsQuantised = true }).Errors);

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

        var errors = Planner.Plan(Read("\"{message}\"", $"method: {method}\nhead: {head}\nlora: {{modules_to_save: {names}}}"), Data, model).Errors;

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
        var error = Assert.Single(Planner.Plan(Read("\"{message}\"", "head: generate"), Data, Bert with { LabelTokens = [[[5]], [[]]] }).Errors);

        Assert.Contains("bert is an encoder", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Head_only_needs_a_head_with_weights()
    {
        var plan = Planner.Plan(Read("\"{message}\"", "method: head-only\nhead: label-tokens"), Data, Gemma);

        Assert.Contains(plan.Errors, error => error.ToString().Contains("has no weights of its own", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("gemma3_text", true, "mean", "pooling is for encoders, and gemma3_text is a decoder", "auto")]
    [InlineData("t5", false, "pooled", "t5 has no pooler", "mean")]
    public void Pooling_that_the_base_has_not_is_refused(string family, bool isDecoder, string pooling, string says, string nearest)
    {
        var plan = Planner.Plan(
            Read("\"{message}\"", $"pooling: {pooling}"), Data, Bert with { Family = family, IsDecoder = isDecoder, Writes = true });

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

        var plan = Planner.Plan(Read("\"{message}\"", "head: " + head), Data, model);

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
        var trials = Planner.Plan(spec, Data, model).Trials.Select(trial => trial.Settings)
            .Where(trial => setting switch { "chat" => trial.Chat, "few_shot" => trial.FewShot > 0, _ => lines.Length == 0 || trial.MaxLength == 9 });
        model = model with
        {
            Texts = [.. trials.Select(trial => new TextFacts
            {
                Form = TextFacts.FormOf(trial, 512), Setting = setting, Problem = "it cannot be", Fix = "Do something else",
            })],
        };

        var error = Assert.Single(Planner.Plan(spec, Data, model).Errors);

        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.Equal("it cannot be. Allowed: do something else", error.ToString()[$"grid.yaml:{line}:{column}: ".Length..]);
    }

    [Fact]
    public void Labels_are_told_apart_as_the_chat_layout_writes_them()
    {
        // The layout trims: two labels that differ in a space are the same answer.
        var model = Gemma with { LabelTokens = [[[5]], [[6]]], ChatLabelTokens = [[[5]], [[5]]], EndToken = null };

        Assert.Contains("the tokenizer of the base model names none", Assert.Single(Planner.Plan(Read("\"{message}\"", "head: generate"), Data, model).Errors).Problem, StringComparison.Ordinal);
        Assert.Contains("give the same tokens", Assert.Single(Planner.Plan(Read("\"{message}\"", "head: generate\nchat: true"), Data, model).Errors).Problem, StringComparison.Ordinal);
        // A turn has its own end.
        Assert.Empty(Planner.Plan(Read("\"{message}\"", "head: generate\nchat: true"), Data, model with { ChatLabelTokens = [[[5]], [[6]]] }).Errors);
    }

    [Fact]
    public void What_stands_in_front_of_a_prompt_counts_in_what_a_trial_costs()
    {
        var spec = Read("\"{message}\"", "grid: {chat: [false, true]}");
        var plain = Planner.Plan(spec, Data, Gemma).Trials.Select(trial => trial.Settings).ToList();
        var model = Gemma with
        {
            MeanTokens = 20,
            Texts = [.. plain.Select((trial, index) => new TextFacts { Form = TextFacts.FormOf(trial, 512), FixedTokens = 5 + (10 * index) })],
        };

        Assert.Equal([20, 30], plain.Select(model.MeanTokensOf));
        var costs = Planner.Plan(spec, Data, model, new Dictionary<string, double> { ["full"] = 1 }).Trials.Select(trial => trial.Seconds!.Value).ToList();
        Assert.True(costs[1] > 1.1 * costs[0]);
        Assert.Contains(Planner.Plan(Read("\"{message}\"", "chat: true\nmax_length: 25"), Data, model with
        {
            Texts = [model.Texts[0], new TextFacts { Form = TextFacts.FormOf(plain[1] with { MaxLength = 25 }, 512), FixedTokens = 15 }],
        }).Warnings, warning => warning.Contains("texts have 30 tokens on average, and max_length 25 cuts them", StringComparison.Ordinal));
    }

    [Fact]
    public void A_base_without_an_end_token_cannot_generate_labels()
    {
        var model = Gemma with { LabelTokens = [[[5]], [[6]]] };

        var error = Assert.Single(Planner.Plan(Read("\"{message}\"", "head: generate"), Data, model).Errors);

        Assert.Contains("the tokenizer of the base model names none", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_default_length_fits_every_base_and_an_asked_one_is_kept()
    {
        var small = Bert with { MaxPositions = 64 };
        Assert.All(Planner.Plan(Read("\"{message}\"", ""), Data, small).Trials, trial => Assert.Equal(64, trial.Settings.MaxLength));
        Assert.All(Planner.Plan(Read("\"{message}\"", ""), Data, Bert).Trials, trial => Assert.Equal(128, trial.Settings.MaxLength));
        Assert.All(Planner.Plan(Read("\"{message}\"", "max_length: 32"), Data, small).Trials, trial => Assert.Equal(32, trial.Settings.MaxLength));
        Assert.Single(Planner.Plan(Read("\"{message}\"", "max_length: 128"), Data, small).Errors);
    }

    [Fact]
    public void A_column_that_the_data_lack_is_named_with_the_nearest()
    {
        var plan = Planner.Plan(Read("\"{mesage} {other}\"", ""), Data, Bert);

        var error = Assert.Single(plan.Errors);
        Assert.Equal((3, 11, "message"), (error.Line, error.Column, error.Nearest));
        Assert.EndsWith("Allowed: 'message', 'other'", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_that_shows_the_label_is_refused()
    {
        var plan = Planner.Plan(Read("\"{message} {label}\"", ""), Data, Bert);

        Assert.Contains("the model would read the answer", Assert.Single(plan.Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_label_column_is_named_with_the_nearest()
    {
        var plan = Planner.Plan(Read("\"{message}\"", ""), Data with { Columns = ["message", "labels"] }, Bert);

        Assert.Equal("labels", Assert.Single(plan.Errors).Nearest);
    }

    [Fact]
    public void A_base_that_cannot_read_the_data_is_refused_with_the_figure()
    {
        var plan = Planner.Plan(Read("\"{message}\"", ""), Data, Bert with { UnknownShare = 0.1416 });

        var error = Assert.Single(plan.Errors);
        Assert.Equal((1, 7), (error.Line, error.Column));
        Assert.Contains("14.2 % of the tokens", error.Problem, StringComparison.Ordinal);
        Assert.Contains("Hugging Face folder", error.Allowed!, StringComparison.Ordinal);
        Assert.Empty(Planner.Plan(Read("\"{message}\"", ""), Data, Bert with { UnknownShare = 0.05 }).Errors);
    }

    [Theory]
    [InlineData("train", "there are no training rows")]
    [InlineData("validation", "there are no validation rows")]
    public void An_empty_split_is_refused(string split, string says)
    {
        var rows = new Dictionary<string, int>(Data.Rows) { [split] = 0 };

        Assert.Contains(Planner.Plan(Read("\"{message}\"", ""), Data with { Rows = rows }, Bert).Errors, error => error.Problem == says);
    }

    [Fact]
    public void One_class_alone_is_refused()
    {
        var plan = Planner.Plan(Read("\"{message}\"", ""), Data with { Labels = ["no"] }, Bert);

        Assert.Contains("one label only ('no')", Assert.Single(plan.Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Lora_with_nothing_left_to_train_is_refused()
    {
        var plan = Planner.Plan(Read("\"{message}\"", "head: label-tokens\nmethod: lora\ngrid: {frozen_layers: [5, 6]}"), Data, Gemma);

        Assert.Contains("has nothing to train", Assert.Single(plan.Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_grid_that_explodes_is_refused_before_it_is_walked()
    {
        var values = string.Join(',', Enumerable.Range(1, 1_000));
        var plan = Planner.Plan(
            Read("\"{message}\"", $"grid: {{epochs: [{values}], batch_size: [{values}], accumulation: [{values}], seed: [{values}], rank: [{values}], frozen_layers: [{values}], evaluation_batch_size: [{values}]}}"),
            Data,
            Bert);

        Assert.Contains("the limit is 250,000", Assert.Single(plan.Errors).Problem, StringComparison.Ordinal);
        Assert.Empty(plan.Trials);
    }

    [Fact]
    public void A_hundred_thousand_trials_are_planned_and_more_are_refused()
    {
        static string Axis(int count) => string.Join(',', Enumerable.Range(1, count));

        var most = Planner.Plan(Read("\"{message}\"", $"grid: {{epochs: [{Axis(100)}], seed: [{Axis(1_000)}]}}"), Data, Bert);
        var more = Planner.Plan(Read("\"{message}\"", $"grid: {{epochs: [{Axis(101)}], seed: [{Axis(1_000)}]}}"), Data, Bert);

        Assert.Empty(most.Errors);
        Assert.Equal(100_000, most.Trials.Count);
        Assert.Contains("101,000 trials, the limit is 100,000", Assert.Single(more.Errors).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lora: {alpha: 4}", "lora.alpha does nothing: no trial uses the method lora or rslora or dora or qlora")]
    [InlineData("virtual_tokens: 4", "virtual_tokens does nothing: no trial uses the method prefix or prompt")]
    [InlineData("training: {loss: vocabulary}", "training.loss does nothing: no trial uses the head label-tokens")]
    [InlineData("training: {batch_size: 128}", "batch_size 128 is above the 100 training rows")]
    [InlineData("training: {warmup: 50, epochs: 1}", "a warm-up of 50 steps is as long as a trial of 4 steps")]
    [InlineData("grid: {warmup: {values: [0, 0.2], when: {schedule: linear}}}", "warmup applies to no trial: it does nothing where its condition does not hold")]
    public void What_is_legal_but_odd_is_a_warning(string lines, string says)
    {
        var plan = Planner.Plan(Read("\"{message}\"", lines), Data, Bert);

        Assert.Empty(plan.Errors);
        Assert.Contains(plan.Warnings, warning => warning.StartsWith(says, StringComparison.Ordinal));
    }

    [Fact]
    public void Facts_that_are_not_known_are_not_held_against_the_spec()
    {
        var plan = Planner.Plan(
            Read("\"{anything}\"", "head: label-tokens\nfrozen_layers: 900\nmax_length: 100000"),
            new DataFacts { Labels = Data.Labels, Rows = Data.Rows });

        Assert.Empty(plan.Errors);
        Assert.Single(plan.Trials);
    }

    private static SweepSpec Read(string template, string lines)
    {
        var result = SpecReader.Read($"base: models/x\ndata: {{train: data.csv}}\ntemplate: {template}\n{lines}\n", "grid.yaml");
        Assert.Empty(result.Errors);
        return result.Spec!;
    }
}
