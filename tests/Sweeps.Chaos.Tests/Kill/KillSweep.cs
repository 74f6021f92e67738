using System.Text.RegularExpressions;

namespace Sweeps.Chaos.Tests.Kill;

/// <summary>The sweep that is killed: four trials of some seconds each on an idle machine, full and LoRA, every one with checkpoints in mid-epoch and some dropout.</summary>
internal sealed partial class KillSweep
{
    private const string Gemma = """
        name: kill
        base: builtin:tiny-gemma3
        data: {train: train.csv, validation: validation.csv, test: test.csv}
        template: "{text} Label:"
        max_length: 48
        training: {batch_size: 16, epochs: 6, schedule: cosine}
        lora: {rank: 4, dropout: 0.1}
        grid:
          method: [full, lora]
          learning_rate: [1e-3, 3e-3]
        checkpoint: {steps: 30, seconds: 0}
        """;

    private const string Bert = """
        name: killbert
        base: tiny-bert
        data: {train: train.csv, validation: validation.csv, test: test.csv}
        template: "{text}"
        max_length: 48
        training: {batch_size: 16, epochs: 14, schedule: linear}
        lora: {rank: 4, dropout: 0.1}
        grid:
          method: [full, lora]
          learning_rate: [1e-3, 3e-3]
        checkpoint: {steps: 30, seconds: 0}
        """;

    private KillSweep(string folder) => Folder = folder;

    /// <summary>Where spec, data and base lie.</summary>
    public string Folder { get; }

    public string GemmaSpec => Path.Combine(Folder, "gemma.yaml");

    public string BertSpec => Path.Combine(Folder, "bert.yaml");

    public string TrainCsv => Path.Combine(Folder, "train.csv");

    /// <summary>Writes data, base and specs with the product's own commands.</summary>
    public static async Task<KillSweep> PrepareAsync(TestHome home, string folder, int rows)
    {
        await home.RunAsync("data", "generate", "V25", "--out", folder, "--train", $"{rows}", "--validation", "300", "--test", "300");
        var sweep = new KillSweep(folder);
        TinyBert.Write(
            Path.Combine(folder, "tiny-bert"),
            WordPattern().Matches((await File.ReadAllTextAsync(sweep.TrainCsv)).ToLowerInvariant()).Select(m => m.Value)
                .Concat(WordPattern().Matches((await File.ReadAllTextAsync(Path.Combine(folder, "validation.csv"))).ToLowerInvariant()).Select(m => m.Value)));
        await File.WriteAllTextAsync(sweep.GemmaSpec, Gemma);
        await File.WriteAllTextAsync(sweep.BertSpec, Bert);
        return sweep;
    }

    [GeneratedRegex("[a-z]+|[0-9]+|[^\\s\\w]|_")]
    private static partial Regex WordPattern();
}
