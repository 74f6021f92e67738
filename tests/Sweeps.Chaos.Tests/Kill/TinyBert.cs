using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Sweeps.Chaos.Tests.Kill;

/// <summary>A random BERT of two layers with dropout, as a Hugging Face folder, so that every dropout mask is at stake in a resume.</summary>
internal static class TinyBert
{
    private const int Hidden = 32;
    private const int Inner = 64;
    private const int Layers = 2;
    private const int Positions = 64;

    /// <param name="folder">Folder to write.</param>
    /// <param name="words">Lower-case words that the vocabulary has besides its special tokens.</param>
    public static void Write(string folder, IEnumerable<string> words)
    {
        Directory.CreateDirectory(folder);
        string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. words.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), vocabulary);
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"do_lower_case": true, "tokenizer_class": "BertTokenizer"}""");
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            JsonSerializer.Serialize(new
            {
                model_type = "bert",
                architectures = new[] { "BertModel" },
                vocab_size = vocabulary.Length,
                hidden_size = Hidden,
                num_hidden_layers = Layers,
                num_attention_heads = 4,
                intermediate_size = Inner,
                hidden_act = "gelu",
                hidden_dropout_prob = 0.1,
                attention_probs_dropout_prob = 0.1,
                max_position_embeddings = Positions,
                type_vocab_size = 2,
                layer_norm_eps = 1e-12,
                pad_token_id = 0,
            }));
        WriteWeights(Path.Combine(folder, "model.safetensors"), Tensors(vocabulary.Length));
    }

    private static IEnumerable<(string Name, int[] Shape)> Tensors(int vocabulary)
    {
        yield return ("bert.embeddings.word_embeddings.weight", [vocabulary, Hidden]);
        yield return ("bert.embeddings.position_embeddings.weight", [Positions, Hidden]);
        yield return ("bert.embeddings.token_type_embeddings.weight", [2, Hidden]);
        foreach (var tensor in Norm("bert.embeddings.LayerNorm"))
        {
            yield return tensor;
        }

        for (var i = 0; i < Layers; i++)
        {
            var layer = $"bert.encoder.layer.{i}";
            (string, int, int)[] linears =
            [
                ($"{layer}.attention.self.query", Hidden, Hidden),
                ($"{layer}.attention.self.key", Hidden, Hidden),
                ($"{layer}.attention.self.value", Hidden, Hidden),
                ($"{layer}.attention.output.dense", Hidden, Hidden),
                ($"{layer}.intermediate.dense", Inner, Hidden),
                ($"{layer}.output.dense", Hidden, Inner),
            ];
            foreach (var (name, rows, columns) in linears)
            {
                yield return ($"{name}.weight", [rows, columns]);
                yield return ($"{name}.bias", [rows]);
            }

            foreach (var tensor in Norm($"{layer}.attention.output.LayerNorm").Concat(Norm($"{layer}.output.LayerNorm")))
            {
                yield return tensor;
            }
        }

        yield return ("bert.pooler.dense.weight", [Hidden, Hidden]);
        yield return ("bert.pooler.dense.bias", [Hidden]);
    }

    private static IEnumerable<(string, int[])> Norm(string name) => [($"{name}.weight", [Hidden]), ($"{name}.bias", [Hidden])];

    private static void WriteWeights(string path, IEnumerable<(string Name, int[] Shape)> tensors)
    {
        var random = new Random(7);
        using var data = new MemoryStream();
        var header = new Dictionary<string, object>(StringComparer.Ordinal);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var (name, shape) in tensors)
        {
            var start = data.Length;
            var count = shape.Aggregate(1, (a, b) => a * b);
            var isNorm = name.Contains("LayerNorm.weight", StringComparison.Ordinal);
            for (var i = 0; i < count; i++)
            {
                var gaussian = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
                BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)((isNorm ? 1 : 0) + (0.1 * gaussian)));
                data.Write(bytes);
            }

            header[name] = new { dtype = "F32", shape, data_offsets = new[] { start, data.Length } };
        }

        var json = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(header));
        using var file = File.Create(path);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        file.Write(length);
        file.Write(json);
        data.WriteTo(file);
    }
}
