using System.Text;
using Sweeps.Core.Spec;
using Xunit;

namespace Sweeps.Tests.Spec;

/// <summary>The catalogue of what people get wrong. A « in the text stands where the error must point.</summary>
public sealed class SpecErrorsTests
{
    private const string Head = "base: builtin:tiny-gemma3\ndata: {train: data.csv}\ntemplate: \"{text}\"\n";

    private const string Several = "base: b\ntemplate: \"{t}\"\n";
    private const string Pipe = "data: {train: a.csv, label_separator: \"|\"}\n";

    /// <summary>The lines after <see cref="Head"/>, what the message must say, and the nearest right name.</summary>
    public static TheoryData<string, string, string?> Lines => new()
    {
        // Names.
        { "«epoch: 3", "'epoch' is not a key of the top level", "training.epochs" },
        { "«learning_rate: 1e-3", "does not belong in the top level but in 'training'", "training.learning_rate" },
        { "training:\n  epochs: 3\n  «learing_rate: 1e-3", "'learing_rate' is not a key of 'training'", "learning_rate" },
        { "training: {batch_size: 8, «batchsize: 8}", "'batchsize' is not a key of 'training'", "batch_size" },
        { "training: {«Epochs: 3}", "'Epochs' is not a key of 'training'", "epochs" },
        { "training: {«rank: 4}", "does not belong in 'training' but in 'lora'", "lora.rank" },
        { "lora: {rnak: 4}".Replace("rnak", "«rnak", StringComparison.Ordinal), "'rnak' is not a key of 'lora'", "rank" },
        { "checkpoint: {«every: 10}", "'every' is not a key of 'checkpoint'", null },
        { "«xyzzy: 1", "'xyzzy' is not a key of the top level", null },
        { "«<<: {a: 1}", "'<<' is not a key of the top level", null },
        { "seed: 1\n«seed: 2", "the key 'seed' stands here a second time (first in line 4)", null },
        { "training: {epochs: 1, «epochs: 2}", "the key 'epochs' stands here a second time", null },

        // Values.
        { "method: «qlorra", "'qlorra' is not a value for 'method'", "qlora" },
        { "lora: {quant_compute: «float16}", "Allowed: float32 or bfloat16", "bfloat16" },
        { "lora: {target_modules: «\"regex:\"}", "a regular expression of whole names", null },
        { "lora: {modules_to_save: «\"regex:.*\"}", "Allowed: none, or names of modules", null },
        { "virtual_tokens: «0", "Allowed: a whole number from 1 to 4096", null },
        { "head: «label_tokens", "'label_tokens' is not a value for 'head'", "label-tokens" },
        { "truncate: «front", "Allowed: head, tail or middle", null },
        { "max_length: «0", "Allowed: a whole number from 4 to 131072", null },
        { "max_length: «99999999999999999999", "'99999999999999999999' is not a value for 'max_length'", null },
        { "training: {epochs: «0}", "Allowed: a whole number from 1 to 10000", null },
        { "training: {epochs: «three}", "'three' is not a value for 'training.epochs'", null },
        { "training: {epochs: «2.5}", "'2.5' is not a value", null },
        { "training: {learning_rate: «-0.001}", "Allowed: a number above 0 to 10", null },
        { "training: {learning_rate: «.nan}", "'.nan' is not a value", null },
        { "training: {learning_rate: «inf}", "'inf' is not a value", null },
        { "training: {learning_rate: «[1e-3, 1e-4]}", "'training.learning_rate' must be a single value, this is a list", null },
        { "training:\n  learning_rate:\n  batch_size: 8".Replace("rate:", "rate:«", StringComparison.Ordinal), "'training.learning_rate' has no value", null },
        { "training: {schedule: «cosin}", "'cosin' is not a value", "cosine" },
        { "training: {warmup: «1.5}", "a share of all steps from 0 to below 1, or a whole number of steps", null },
        { "training: {schedule: «wsd}", "Allowed: constant, linear, cosine or warmup-stable-decay", null },
        { "training: {schedule: «warmup_stable_decay}", "'warmup_stable_decay' is not a value", "warmup-stable-decay" },
        { "training: {decay_steps: «1.5}", "a share of all steps from 0 to below 1, or a whole number of steps", null },
        { "training: {decay_shape: «sqrt}", "Allowed: cosine, linear or 1-sqrt", "1-sqrt" },
        { "training: {«warmup_ratio: 0.1}", "'warmup_ratio' is not a key of 'training'", null },
        { "training: {max_steps: «-1}", "Allowed: a whole number from 0 to 10000000", null },
        { "training: {label_smoothing: «1}", "Allowed: a number from 0 and below 1", null },
        { "training: {focal_gamma: «11}", "Allowed: a number from 0 to 10", null },
        { "training: {precision: «bf16}", "Allowed: float32 or bfloat16", null },
        { "training: {gradient_checkpointing: «yes}", "Allowed: true or false", null },
        { "training: {group_by_length: «True}", "'True' is not a value", "true" },
        { "training: {accumulation_mean: «row}", "'row' is not a value", "rows" },
        { "training: {patience: «2.5}", "Allowed: a whole number from 0 to 10000", null },
        { "training: {min_delta: «-0.1}", "Allowed: a number from 0", null },
        { "head: «generates", "'generates' is not a value for 'head'", "generate" },
        { "trim: «first_row", "'first_row' is not a value for 'trim'", "first-rows" },
        { "constrained: «no", "Allowed: true or false", null },
        { "few_shot: «101", "Allowed: a whole number from 0 to 100", null },
        { "method: «zeroshot", "'zeroshot' is not a value for 'method'", "zero-shot" },
        { "label_texts: {a: [«\"x\", «\"x\"]}".Replace("[«", "[", StringComparison.Ordinal), "the text 'x' stands twice for the label 'a'", null },
        { "label_texts: {a: [x, y], b: [z, «y]}", "the labels 'a' and 'b' have the same text", null },
        { "label_texts: {a: «[]}", "must be a list, this is an empty list", null },
        { "arms: {a: {«methd: lora}}", "'methd' is not a setting", "method" },
        { "arms: {a: {«retries: 3}}", "'retries' is the same for all trials of a sweep and cannot be an arm's own", null },
        { "arms: {a: {method: «lor}}", "'lor' is not a value for 'arms.a.method'", "lora" },
        { "arms: {a: «{}}", "the arm 'a' says nothing", null },
        { "arms: {a: {external: {«f1: 0.5}}}", "'f1' is not a key of 'arms.a.external'", null },
        { "arms: {a: {external: «[1, 2]}}", "or the path of a file with a prediction for each test row", null },
        { "arms: {a: {external: {accuracy: «95}}}", "Allowed: a number from 0 to 1", null },
        { "arms: {a: {external: «{}}}", "the external result 'a' has no metric", null },
        { "arms: {a: {external: {accuracy: 0.9}, «method: lora}}", "an external result has no settings", null },
        { "variants: {«plain: {temperature: 2}}", "'plain' is the decision without any variant", null },
        { "variants: {b: {«temprature: 2}}", "'temprature' is not a key of 'variants.b'", "temperature" },
        { "variants: {b: {temperature: «0}}", "Allowed: fit (on the validation rows), or a number above 0 to 1000", null },
        { "variants: {b: {multiply_logit: {a: «many}}}", "'many' is not a value for 'variants.b.multiply_logit.a'", null },
        { "variants: {b: {add_log_prior: 1, constrained: «false}}", "give 'constrained' a variant of its own", null },
        { "variants: {b: «{}}", "the variant 'b' changes nothing", null },
        { "training: {class_weights: «balance}", "'balance' is not a value", "balanced" },
        { "training: {class_weights: {a: «0}}", "Allowed: a number above 0", null },
        { "training: {class_weights: «{}}", "is an empty map", null },
        { "training: «fast", "'training' must be a map (key: value), this is a single value", null },
        { "lora: {dropout: «1}", "Allowed: a number from 0 and below 1", null },
        { "lora: {target_modules: «\"q proj\"}", "names of modules", null },
        { "lora: {target_modules: «[all-linear, q_proj]}", "all-linear stands alone", null },
        { "frozen_layers: «-1", "'-1' is not a value for 'frozen_layers'", null },
        { "label_texts: {a: \"yes\", b: «\"yes\"}", "the labels 'a' and 'b' have the same text", null },
        { "retries: «101", "Allowed: a whole number from 0 to 100", null },
        { "concurrency: «many", "'many' is not a value for 'concurrency'", null },
        { "objective: «f1", "Allowed: macro_f1, accuracy or loss", null },
        { "objective: «macro-f1", "'macro-f1' is not a value for 'objective'", "macro_f1" },
        { "max_time: «120", "a duration such as 90s, 30m, 2h, 1d", null },
        { "max_time: «2 weeks", "a duration such as", null },
        { "max_time: «400d", "at most 365d", null },
        { "disk_limit: «10", "a size such as 500MB, 10GB", null },
        { "disk_limit: «10 XB", "a size such as", null },
        { "checkpoint: {seconds: «often}", "'often' is not a value for 'checkpoint.seconds'", null },
        { "checkpoint: {keep: «last}", "Allowed: best or all", null },
        { "name: «\"a\\nb\"", "without control characters", null },
        { "name: «[a]", "'name' must be a single value, this is a list", null },

        // The grid.
        { "grid: {«learing_rate: [1e-3]}", "'learing_rate' is not a setting", "learning_rate" },
        { "grid: {«base: [a, b]}", "'base' is the same for all trials of a sweep and cannot be swept", null },
        { "grid: {epochs: «3}", "'grid.epochs' must be a list, this is a single value", null },
        { "grid: {epochs: «[]}", "'grid.epochs' must be a list, this is an empty list", null },
        { "grid: {epochs: [1, «0]}", "'0' is not a value for 'grid.epochs'", null },
        { "grid: {learning_rate: [1e-3, «0.001]}", "the value '0.001' stands in 'grid.learning_rate' twice", null },
        { "grid: {method: [full, «lorra]}", "'lorra' is not a value", "lora" },
        { "grid: {rank: [1], «lora.rank: [2]}", "'rank' is swept a second time", null },
        { "grid: {warmup: «{when: {schedule: cosine}}}", "'grid.warmup' has no 'values'", null },
        { "grid: {warmup: {values: [0], «if: {schedule: cosine}}}", "'if' is not a key of 'grid.warmup'", null },
        { "grid: {warmup: {values: [0], when: {«shedule: cosine}}}", "'shedule' is not a setting", "schedule" },
        { "grid: {warmup: {values: [0], when: {schedule: «cosin}}}", "'cosin' is not a value", "cosine" },
        { "grid: {warmup: {values: [0], when: {«warmup: 0}}}", "'warmup' cannot be its own condition", null },
        { "grid: {warmup: {values: [0], when: «{}}}", "an empty condition says nothing", null },
        { "grid: «[epochs]", "'grid' must be a map (key: value), this is a list", null },
        { "seeds: «3", "'seeds' must be a list", null },
        { "seeds: [1, «1]", "the seed 1 stands here twice", null },
        { "seed: 1\nseeds: «[1, 2]", "'seeds' and 'seed' both choose seeds", null },
        { "grid: {seed: [1, 2]}\nseeds: «[1, 2]", "'seeds' and 'grid.seed' both choose seeds", null },

        // YAML.
        { "training: «&t {epochs: 1}", "the anchor '&t' is not allowed", null },
        { "grid: {epochs: «*t}", "the alias '*t' is not allowed", null },
        { "seed: «!!int 1", "is not allowed; remove it", null },
        { "«---\nseed: 1", "a second document begins here", null },
        { "«[a]: 1", "a key is a single word, this is a list", null },
        { "training: {epochs: 1", "this is not YAML", null },
        { "seed: \"1", "this is not YAML", null },
        { "training:\n\tepochs: 1", "this is not YAML", null },
        { "grid: [[[[[[[[[[[[[[[«[1]]]]]]]]]]]]]]]]", "nested deeper than 16 levels", null },
    };

    /// <summary>Whole files, for what <see cref="Head"/> would hide.</summary>
    public static TheoryData<string, string, string?> Files => new()
    {
        { "«", "the file is empty", null },
        { "«# only a comment\n", "the file is empty", null },
        { "«- a\n- b\n", "a spec is a map (key: value), this is a list", null },
        { "«data: {train: a.csv}\ntemplate: \"{t}\"\n", "the key 'base' is missing", null },
        { "«base: b\ntemplate: \"{t}\"\n", "the key 'data' is missing", null },
        { "«base: b\ndata: {train: a.csv}\n", "the key 'template' is missing", null },
        { "base: b\ntemplate: \"{t}\"\ndata: «{}\n", "the key 'train' is missing in 'data'", null },
        { "base: b\ntemplate: \"{t}\"\ndata: «data.csv\n", "'data' must be a map", null },
        { "base: «builtin:tiny-gema3\ndata: {train: a.csv}\ntemplate: \"{t}\"\n", "'builtin:tiny-gema3' is not a value for 'base'", "builtin:tiny-gemma3" },
        { "base: «tiny-gemma3\ndata: {train: a.csv}\ntemplate: \"{t}\"\n", "'tiny-gemma3' is not a value for 'base'", "builtin:tiny-gemma3" },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: «builtin:campaigns/V24}\n", "is not a value for 'data.train'", "builtin:campaigns/V14" },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: builtin:campaigns/V25, test: «t.csv}\n", "built-in data bring their own 'test'", null },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: a.csv, validation: «1.5}\n", "a share above 0 and below 1", null },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: a.csv, validation: «10%}\n", "'10%' is not a value", "0.1" },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: a.csv, format: «json}\n", "'json' is not a value", "jsonl" },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: a.csv, delimiter: «tab}\n", "one character such as", null },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: a.jsonl, delimiter: «\";\"}\n", "a delimiter belongs to CSV", null },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: a.csv, labels: [a, «a]}\n", "the label 'a' stands here twice", null },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: a.csv, labels: «[a]}\n", "one label alone", null },
        { Several + "data: {train: a.csv, label_separator: «a}\n", "1 to 8 characters that are no letters or digits", null },
        { Several + "data: {train: a.csv, label_separator: «\"\"}\n", "is not a value for 'data.label_separator'", null },
        { Several + "data: {train: a.csv, label_separator: «[\"|\"]}\n", "must be a single value, this is a list", null },
        { Several + "data: {train: a.csv, label_separator: \"|\", labels: [x, «\"y|z\"]}\n", "the label 'y|z' holds the label_separator '|'", null },
        { Several + "data: {train: builtin:campaigns/V25, label_separator: «\"|\"}\n", "built-in data bring their own 'label_separator'", null },
        { Several + Pipe + "head: «generate\n", "the head generate decides for one label of a text", "linear" },
        { Several + Pipe + "grid: {head: [linear, «label-tokens]}\n", "the head label-tokens decides for one label", "linear" },
        { Several + Pipe + "arms: {x: {head: «trimmed}}\n", "the head trimmed decides for one label", "linear" },
        { Several + Pipe + "method: «zero-shot\n", "zero-shot trains nothing", null },
        { Several + Pipe + "arms: {x: {method: «zero-shot}}\n", "zero-shot trains nothing", null },
        { Several + Pipe + "few_shot: «2\n", "solved examples show one label each", "0" },
        { Several + Pipe + "training: {label_smoothing: «0.1}\n", "label smoothing spreads a target over classes that exclude each other", "0" },
        { Several + Pipe + "grid: {label_smoothing: [0, «0.1]}\n", "label smoothing spreads a target", "0" },
        { Several + Pipe + "label_texts: «{x: yes}\n", "reads no texts of labels; remove 'label_texts'", null },
        { Several + Pipe + "variants: {b: {multiply_logit: «{x: 2}}}\n", "whether its own score is above 0, whatever the factor. Allowed: add_log_prior or temperature", null },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: a.csv, max_rows: «-5}\n", "'-5' is not a value", null },
        { "base: b\ntemplate: \"{t}\"\ndata: {train: a.csv, «lable: x}\n", "'lable' is not a key of 'data'", "label" },
        { "base: b\ndata: {train: a.csv}\ntemplate: «text\n", "the template names no column", null },
        { "base: b\ndata: {train: a.csv}\ntemplate: «\"{text\"\n", "opens a column name that does not close", null },
        { "base: b\ndata: {train: a.csv}\ntemplate: «\"text}\"\n", "closes nothing", null },
        { "base: b\ndata: {train: a.csv}\ntemplate: «\"{} {text}\"\n", "no column name between the braces", null },
        { "base: b\ndata: {train: a.csv}\ntemplate: «{text}\n", "'template' must be a single value, this is a map", null },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_bad_line_is_named_with_its_place(string lines, string says, string? nearest) =>
        Check(Head + lines + "\n", says, nearest);

    [Theory]
    [MemberData(nameof(Files))]
    public void A_bad_file_is_named_with_its_place(string yaml, string says, string? nearest) => Check(yaml, says, nearest);

    [Fact]
    public void All_errors_come_at_once_in_the_order_of_the_file()
    {
        var result = SpecReader.Read(Head + "retries: x\ngrid: {epochs: [0], methd: [full]}\nobjective: f2\n", "my.yaml");

        Assert.Null(result.Spec);
        Assert.Equal([(4, 10), (5, 17), (5, 21), (6, 12)], result.Errors.Select(error => (error.Line, error.Column)));
        Assert.Equal(
            "my.yaml:5:21: 'methd' is not a setting; did you mean 'method'? Allowed: template, chat, truncate, max_length, method, head,",
            result.Errors[2].ToString()[..123]);
    }

    [Fact]
    public void Conditions_in_a_circle_are_refused()
    {
        var result = SpecReader.Read(
            Head + "grid:\n  warmup: {values: [0], when: {schedule: cosine}}\n  schedule: {values: [cosine], when: {warmup: 0}}\n", "my.yaml");

        Assert.Equal([5, 6], result.Errors.Select(error => error.Line));
        Assert.All(result.Errors, error => Assert.Contains("depends on", error.Problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Sizes_are_bounded()
    {
        var large = SpecReader.Read(Head + "#" + new string('x', SpecReader.MaxBytes), "my.yaml");
        var deep = SpecReader.Read(Head + "grid: " + new string('[', 100_000), "my.yaml");
        var many = SpecReader.Read(string.Concat(Enumerable.Range(0, 5_000).Select(i => $"key{i}: 1\n")), "my.yaml");
        var wide = SpecReader.Read(Head + $"grid: {{seed: [{string.Join(',', Enumerable.Range(0, 1_001))}]}}", "my.yaml");

        Assert.Contains("larger than 1024 KiB", Assert.Single(large.Errors).Problem, StringComparison.Ordinal);
        Assert.Contains("nested deeper", Assert.Single(deep.Errors).Problem, StringComparison.Ordinal);
        Assert.Equal(100, many.Errors.Count);
        Assert.Contains("the limit is 1000", Assert.Single(wide.Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_stays_one_bounded_line_whatever_the_value()
    {
        var result = SpecReader.Read(Head + "method: \"\\e[31m\\n" + new string('x', 5_000) + "\"\n", "my.yaml");

        var text = Assert.Single(result.Errors).ToString();
        Assert.InRange(text.Length, 20, 300);
        Assert.DoesNotContain(text, char.IsControl);
    }

    [Fact]
    public void Files_that_cannot_be_read_are_errors_too()
    {
        var folder = Directory.CreateTempSubdirectory("spec");
        try
        {
            var path = Path.Combine(folder.FullName, "a.yaml");
            Assert.Contains("does not exist", Only(path), StringComparison.Ordinal);
            Assert.Contains("this is a folder", Only(folder.FullName), StringComparison.Ordinal);
            File.WriteAllBytes(path, [0xC3, 0x28, 0xA0]);
            Assert.Contains("not UTF-8", Only(path), StringComparison.Ordinal);
            File.WriteAllBytes(path, new byte[SpecReader.MaxBytes + 1]);
            Assert.Contains("larger than", Only(path), StringComparison.Ordinal);
            File.WriteAllText(path, "\uFEFF" + Head, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            Assert.Equal("a", SpecReader.ReadFile(path).Spec!.Name);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static string Only(string path) => Assert.Single(SpecReader.ReadFile(path).Errors).Problem;
    }

    private static void Check(string marked, string says, string? nearest)
    {
        var at = marked.IndexOf('«', StringComparison.Ordinal);
        var yaml = marked.Replace("«", "", StringComparison.Ordinal);

        var result = SpecReader.Read(yaml, "grid.yaml");

        Assert.Null(result.Spec);
        var error = Assert.Single(result.Errors);
        Assert.Contains(says, error.ToString(), StringComparison.Ordinal);
        Assert.Equal(nearest, error.Nearest);
        Assert.StartsWith($"grid.yaml:{error.Line}:{error.Column}: ", error.ToString(), StringComparison.Ordinal);
        if (at >= 0)
        {
            var before = marked[..at];
            Assert.Equal((before.Count(c => c == '\n') + 1, at - before.LastIndexOf('\n')), (error.Line, error.Column));
        }
        else
        {
            Assert.True(error.Line is >= 4 and <= 7, error.ToString());
        }
    }
}
