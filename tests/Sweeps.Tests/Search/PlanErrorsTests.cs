using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Search.Planning;
using Xunit;
using static Sweeps.Tests.Search.PlanSamples;

namespace Sweeps.Tests.Search;

/// <summary>What only the data can tell is wrong, and what a grid adds up to, named at its place in the spec all the same.</summary>
public sealed class PlanErrorsTests
{
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
        var plan = Planner.Plan(Read("\"{message}\"", lines), Table, Bert);

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
        var error = Assert.Single(Planner.Plan(Read("\"{message}\"", lines), Table, Gemma).Errors);

        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.Contains("20 virtual tokens and texts of 500 are above the 512 positions", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_many_virtual_tokens_by_default_are_named_at_the_method()
    {
        var error = Assert.Single(Planner.Plan(Read("\"{message}\"", "seed: 1\nmethod: prefix"), Table, Gemma with { MaxPositions = 128 }).Errors);

        Assert.Equal((5, 9, "method"), (error.Line, error.Column, error.Path));
    }

    [Theory]
    [InlineData("head: trimmed\nlabel_texts: {yes: [good, fine]}", "the head trimmed starts from each label's first text in label_texts; the others are not used")]
    [InlineData("head: generate\nvariants: {v: {multiply_logit: {yes: 2}}}", "variants.v.multiply_logit: under the head generate a label's score is its log-probability, at most 0, so a factor above 1 makes the label less likely")]
    public void What_a_head_makes_of_texts_and_factors_is_a_warning(string lines, string says)
    {
        var plan = Planner.Plan(Read("\"{message}\"", lines), Table, Gemma);

        Assert.Empty(plan.Errors);
        Assert.Equal([says], plan.Warnings);
    }

    [Theory]
    [InlineData("head: trimmed\nlabel_texts: {yes: good}")]
    [InlineData("head: label-tokens\nlabel_texts: {yes: [good, fine]}\nvariants: {v: {multiply_logit: {yes: 2}}}")]
    [InlineData("head: generate\nvariants: {v: {multiply_logit: {yes: 1}}, w: {temperature: 2}}")]
    public void Texts_and_factors_that_do_what_they_say_are_no_warning(string lines) =>
        Assert.Empty(Planner.Plan(Read("\"{message}\"", lines), Table, Gemma).Warnings);

    [Fact]
    public void A_column_that_the_data_lack_is_named_with_the_nearest()
    {
        var plan = Planner.Plan(Read("\"{mesage} {other}\"", ""), Table, Bert);

        var error = Assert.Single(plan.Errors);
        Assert.Equal((3, 11, "message"), (error.Line, error.Column, error.Nearest));
        Assert.EndsWith("Allowed: 'message', 'other'", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_that_shows_the_label_is_refused()
    {
        var plan = Planner.Plan(Read("\"{message} {label}\"", ""), Table, Bert);

        Assert.Contains("the model would read the answer", Assert.Single(plan.Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_label_column_is_named_with_the_nearest()
    {
        var plan = Planner.Plan(Read("\"{message}\"", ""), Table with { Columns = ["message", "labels"] }, Bert);

        Assert.Equal("labels", Assert.Single(plan.Errors).Nearest);
    }

    [Fact]
    public void A_base_that_cannot_read_the_data_is_refused_with_the_figure()
    {
        var plan = Planner.Plan(Read("\"{message}\"", ""), Table, Bert with { UnknownShare = 0.1416 });

        var error = Assert.Single(plan.Errors);
        Assert.Equal((1, 7), (error.Line, error.Column));
        Assert.Contains("14.2 % of the tokens", error.Problem, StringComparison.Ordinal);
        Assert.Contains("Hugging Face folder", error.Allowed!, StringComparison.Ordinal);
        Assert.Empty(Planner.Plan(Read("\"{message}\"", ""), Table, Bert with { UnknownShare = 0.05 }).Errors);
    }

    [Theory]
    [InlineData("train", "there are no training rows")]
    [InlineData("validation", "there are no validation rows")]
    public void An_empty_split_is_refused(string split, string says)
    {
        var rows = new Dictionary<string, int>(Table.Rows) { [split] = 0 };

        Assert.Contains(Planner.Plan(Read("\"{message}\"", ""), Table with { Rows = rows }, Bert).Errors, error => error.Problem == says);
    }

    [Fact]
    public void One_class_alone_is_refused()
    {
        var plan = Planner.Plan(Read("\"{message}\"", ""), Table with { Labels = ["no"] }, Bert);

        Assert.Contains("one label only ('no')", Assert.Single(plan.Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Lora_with_nothing_left_to_train_is_refused()
    {
        var plan = Planner.Plan(Read("\"{message}\"", "head: label-tokens\nmethod: lora\ngrid: {frozen_layers: [5, 6]}"), Table, Gemma);

        Assert.Contains("has nothing to train", Assert.Single(plan.Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_grid_that_explodes_is_refused_before_it_is_walked()
    {
        var values = string.Join(',', Enumerable.Range(1, 1_000));
        var plan = Planner.Plan(
            Read("\"{message}\"", $"grid: {{epochs: [{values}], batch_size: [{values}], accumulation: [{values}], seed: [{values}], rank: [{values}], frozen_layers: [{values}], evaluation_batch_size: [{values}]}}"),
            Table,
            Bert);

        Assert.Contains("the limit is 250,000", Assert.Single(plan.Errors).Problem, StringComparison.Ordinal);
        Assert.Empty(plan.Trials);
    }

    [Fact]
    public void A_hundred_thousand_trials_are_planned_and_more_are_refused()
    {
        static string Axis(int count) => string.Join(',', Enumerable.Range(1, count));

        var most = Planner.Plan(Read("\"{message}\"", $"grid: {{epochs: [{Axis(100)}], seed: [{Axis(1_000)}]}}"), Table, Bert);
        var more = Planner.Plan(Read("\"{message}\"", $"grid: {{epochs: [{Axis(101)}], seed: [{Axis(1_000)}]}}"), Table, Bert);

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
        var plan = Planner.Plan(Read("\"{message}\"", lines), Table, Bert);

        Assert.Empty(plan.Errors);
        Assert.Contains(plan.Warnings, warning => warning.StartsWith(says, StringComparison.Ordinal));
    }

    [Fact]
    public void Facts_that_are_not_known_are_not_held_against_the_spec()
    {
        var plan = Planner.Plan(
            Read("\"{anything}\"", "head: label-tokens\nfrozen_layers: 900\nmax_length: 100000"),
            new DataFacts { Labels = Table.Labels, Rows = Table.Rows });

        Assert.Empty(plan.Errors);
        Assert.Single(plan.Trials);
    }
}
