using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Sweeps.Data.Campaigns;
using Sweeps.Data.Readers;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;
using Sweeps.Training;
using Sweeps.Training.Inputs;

namespace Sweeps.Torch.Tests.Training;

/// <summary>Tiny bases, campaigns and attempts in one temporary folder; attempts run in this process.</summary>
internal sealed class TrialWorkplace : IDisposable
{
    private const string Bert = """
        {
          "model_type": "bert", "vocab_size": 256, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
          "num_attention_heads": 4, "max_position_embeddings": 40, "pad_token_id": 0,
          "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1
        }
        """;

    private const string Gemma3 = """
        {
          "model_type": "gemma3_text", "vocab_size": 256, "hidden_size": 32, "intermediate_size": 48,
          "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 8,
          "max_position_embeddings": 40, "query_pre_attn_scalar": 8, "sliding_window": 6,
          "layer_types": ["sliding_attention", "full_attention"], "pad_token_id": 0
        }
        """;

    private const string ModernBert = """
        {
          "model_type": "modernbert", "vocab_size": 256, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
          "num_attention_heads": 4, "max_position_embeddings": 40, "local_attention": 8, "pad_token_id": 0,
          "classifier_pooling": "cls", "attention_dropout": 0.1, "mlp_dropout": 0.1, "classifier_dropout": 0.1
        }
        """;

    private const string Deberta = """
        {
          "model_type": "deberta-v2", "vocab_size": 256, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
          "num_attention_heads": 4, "max_position_embeddings": 40, "pad_token_id": 0, "relative_attention": true,
          "share_att_key": true, "position_biased_input": false, "position_buckets": 8, "pos_att_type": "p2c|c2p",
          "norm_rel_ebd": "layer_norm", "type_vocab_size": 0, "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1
        }
        """;

    private const string T5 = """
        {
          "model_type": "t5", "vocab_size": 256, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4,
          "relative_attention_num_buckets": 8, "relative_attention_max_distance": 16, "dropout_rate": 0.1,
          "feed_forward_proj": "gated-gelu", "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0
        }
        """;

    /// <summary>Its config.json pads with another token (the end token, 2) than its tokenizer (0), and has rows for four tokens more.</summary>
    private const string Llama = """
        {
          "model_type": "llama", "vocab_size": 260, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
          "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 40, "pad_token_id": 2, "initializer_range": 0.2
        }
        """;

    /// <summary>A base whose tokenizer has the tokens of its chat layout: start of turn 256, end 257, then its two roles.</summary>
    public const string Chat = "chat";

    /// <summary>Bases by name; each is made when an attempt first asks for it.</summary>
    private static readonly Dictionary<string, (string Config, int Length)> Bases = new(StringComparer.Ordinal)
    {
        ["bert"] = (Bert, 40),
        ["roberta"] = (Bert.Replace("\"bert\"", "\"roberta\"", StringComparison.Ordinal), 39),
        ["modernbert"] = (ModernBert, 40),
        ["deberta"] = (Deberta, 40),
        ["t5"] = (T5, 40),
        ["gemma3"] = (Gemma3, 40),
        ["llama"] = (Llama, 40),
        ["long"] = (Gemma3.Replace("\"max_position_embeddings\": 40", "\"max_position_embeddings\": 160", StringComparison.Ordinal), 160),
        [Chat] = (Gemma3.Replace("\"max_position_embeddings\": 40", "\"max_position_embeddings\": 160", StringComparison.Ordinal)
            .Replace("\"vocab_size\": 256", "\"vocab_size\": 260", StringComparison.Ordinal), 160),
    };

    private readonly string _root = Directory.CreateTempSubdirectory("sweeps-training-").FullName;

    public TrialWorkplace(int train = 150, int validation = 40, int test = 40)
    {
        var data = CampaignGenerator.Generate(CampaignPreset.V25, 1, train, validation, test);
        foreach (var table in (DataTable[])[data.Train, data.Validation, data.Test])
        {
            CsvWriter.Write(
                Path.Combine(_root, table.File),
                [.. CampaignData.Columns, "tags"],
                table.Rows.Select(row => (string[])[.. CampaignData.Columns.Select(column => row[column]), TagsOf(row)]));
        }
    }

    public static TrialSettings Settings { get; } = new()
    {
        Base = "base",
        Epochs = 3,
        BatchSize = 16,
        LearningRate = 3e-3,
        CheckpointSeconds = 0,
        CheckpointSteps = 4,
        Template = CampaignData.Template,
        Data = new DataSettings { Labels = CampaignWords.Labels },
    };

    /// <summary>Any number of labels a row, of the column <c>tags</c>: each follows from one word of the text.</summary>
    public static TrialSettings Tags { get; } = Settings with
    {
        Data = new DataSettings { LabelColumn = "tags", Labels = ["young", "goods", "moving", "rare"], LabelSeparator = "|" },
    };

    public static TrialSettings Lora { get; } = Settings with { Method = "lora", Rank = 4, LoraDropout = 0.1 };

    /// <summary>Path of a data file or of a base, which is made when it is first asked for.</summary>
    public string this[string name]
    {
        get
        {
            var path = Path.Combine(_root, name);
            if (Bases.TryGetValue(name, out var made) && !Directory.Exists(path))
            {
                MakeBase(path, made.Config, made.Length, name == Chat);
            }

            return path;
        }
    }

    public JobAssignment Assign(
        string model, JobId job, int attempt, TrialSettings settings, IEnumerable<OfferFrame>? committed = null, int writtenBy = 1) => new()
        {
            Job = job,
            Attempt = attempt,
            Settings = SweepsJson.Write(settings),
            Inputs =
            [
                .. new[] { "train", "validation", "test" }.Select(role => Input(role, this[role + ".csv"])),
                .. Directory.EnumerateFiles(this[model]).Select(file => Input("base/" + Path.GetFileName(file), file)),
            ],
            Checkpoints = [.. (committed ?? []).Reverse().Select(offer => new AssignedCheckpoint(
                writtenBy, offer.Checkpoint!.Step, offer.Checkpoint.Directory, offer.Checkpoint.Sha256, true, offer.Checkpoint.IsBest))],
            Directory = Folder(job, attempt),
            FormerDirectories = [.. Enumerable.Range(1, attempt - 1).Select(former => Folder(job, former))],
        };

    /// <summary>Folder of the campaign files.</summary>
    public string Root => _root;

    public string Folder(JobId job, int attempt) => Path.Combine(_root, job.ToString(), $"attempt-{attempt}");

    public static Frame Run(JobAssignment assignment, RecordingLink link, TrainerSession? session = null) =>
        AttemptRunner.Run(assignment, session ?? new TrainerSession(), link, TimeProvider.System);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static string TagsOf(Row row)
    {
        int Value(string attribute)
        {
            var word = row[attribute].Split(' ')[1];
            return CampaignWords.Values[CampaignWords.Attributes.ToList().IndexOf(attribute)].ToList().FindIndex(words => words.Contains(word));
        }

        (string Tag, bool Has)[] tags =
        [
            ("moving", Value("creative") is 0 or 1 or 4),
            ("young", Value("audience") < 3),
            ("goods", Value("brand") < 4),
            ("rare", Value("platform") == 5),
        ];
        return string.Join('|', tags.Where(tag => tag.Has).Select(tag => tag.Tag));
    }

    private static void MakeBase(string folder, string config, int positions, bool chats)
    {
        CampaignTokenizer.Write(folder, positions);
        if (chats)
        {
            AddTurns(Path.Combine(folder, "tokenizer.json"));
        }

        File.WriteAllText(Path.Combine(folder, "config.json"), config);
        using var model = ModelFamilies.Create(ModelConfig.Read(folder), new LoadOptions { Seed = 3 });
        SafetensorsWriter.Save(
            Path.Combine(folder, "model.safetensors"),
            model.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)));
    }

    private static void AddTurns(string file)
    {
        var tokenizer = JsonNode.Parse(File.ReadAllText(file))!;
        foreach (var (id, mark) in new[] { (256, "<start_of_turn>"), (257, "<end_of_turn>") })
        {
            var token = tokenizer["added_tokens"]![0]!.DeepClone();
            (token["id"], token["content"]) = (id, mark);
            tokenizer["added_tokens"]!.AsArray().Add(token);
            tokenizer["model"]!["vocab"]![mark] = id;
        }

        tokenizer["model"]!["vocab"]!["user"] = 258;
        tokenizer["model"]!["vocab"]!["model"] = 259;
        File.WriteAllText(file, tokenizer.ToJsonString());
    }

    private static AssignedInput Input(string role, string path)
    {
        var bytes = File.ReadAllBytes(path);
        return new AssignedInput(role, path, Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.Length);
    }
}
