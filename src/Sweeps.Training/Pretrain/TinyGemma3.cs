using System.Diagnostics;
using System.Globalization;
using Sweeps.Data.Campaigns;
using Sweeps.Data.Tokenizers;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Sweeps.Models.Ops.Fused;
using Sweeps.Models.Optim;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Schedules;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Pretrain;

/// <summary>
/// Makes the built-in base model: a Gemma 3 of 206,016 parameters that has read statements about 2, 3 or 4 attributes of a
/// campaign and their net balance. A function of the seed: the same bytes on the same machine.
/// </summary>
public sealed class TinyGemma3(PretrainOptions options)
{
    private static readonly int[] Sizes = [2, 3, 4];

    private readonly LearningRateSchedule _schedule =
        new("cosine", options.LearningRate, options.WarmupSteps, options.Steps);

    /// <summary>Trains and writes the folder: config.json, model.safetensors, the tokenizer's files and README.md.</summary>
    /// <param name="folder">Where; made if need be, its files are replaced.</param>
    /// <param name="report">Receives a line of progress now and then.</param>
    /// <param name="cancellation">Ends it between two steps; nothing is then written.</param>
    /// <exception cref="ArgumentException">Width or number of blocks cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public PretrainResult Run(string folder, Action<string> report, CancellationToken cancellation = default)
    {
        if (options.Hidden < 8 || options.Hidden % 8 != 0 || options.Layers < 1)
        {
            throw new ArgumentException($"hidden {options.Hidden}, layers {options.Layers}: hidden is a multiple of 8, and there is at least one layer", nameof(folder));
        }

        var clock = Stopwatch.StartNew();
        CampaignTokenizer.Write(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), TinyGemma3Files.Config(options));
        var tokenizer = TokenizerLoader.Load(folder);
        using var model = ModelFamilies.Create(ModelConfig.Read(folder), new LoadOptions { Seed = (ulong)options.Seed });
        foreach (var parameter in model.Parameters)
        {
            parameter.Value.requires_grad_(true);
        }

        Dictionary<int, double> accuracies;
        try
        {
            // The plain operations: a faster kernel may change the last bits from release to release, and with them the base.
            FusedMemory.Enabled = false;
            Train(model, tokenizer, report, clock, cancellation);
            accuracies = Sizes.ToDictionary(size => size, size => Accuracy(model, tokenizer, size));
        }
        finally
        {
            FusedMemory.Enabled = true;
            CollectorGate.Open();
        }

        SafetensorsWriter.Save(
            Path.Combine(folder, "model.safetensors"),
            model.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)));
        var result = new PretrainResult(
            model.Parameters.Sum(parameter => parameter.Count), options.Steps, clock.Elapsed, accuracies);
        File.WriteAllText(Path.Combine(folder, "README.md"), TinyGemma3Files.Readme(options, result));
        return result;
    }

    private void Train(
        Transformer model, ITokenizer tokenizer, Action<string> report, Stopwatch clock, CancellationToken cancellation)
    {
        var statements = new CampaignStatements(options.Seed, pairs: options.Pairs, triples: options.Triples);
        using var optimizer = new AdamW(model.Parameters, new AdamWOptions { WeightDecay = options.WeightDecay });
        for (var step = 0; step < options.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            CollectorGate.Pass();
            using var scope = NewDisposeScope();
            var rows = Enumerable.Range(0, options.BatchSize)
                .Select(i => Encode(statements[((long)step * options.BatchSize) + i], tokenizer))
                .ToArray();
            var (answer, language) = Losses(model, rows, tokenizer);
            (answer + (language * options.LanguageWeight)).backward();
            GradientClipping.Clip(model.Parameters, 1.0);
            optimizer.Step(_schedule.At(step));
            optimizer.ZeroGradients();
            if ((step + 1) % options.ReportSteps == 0 || step + 1 == options.Steps)
            {
                report(string.Create(
                    CultureInfo.InvariantCulture,
                    $"step {step + 1}/{options.Steps}  answer loss {answer.item<float>():0.0000}  text loss {language.item<float>():0.000}  {clock.Elapsed.TotalSeconds:0} s"));
            }
        }
    }

    /// <summary>Share of answers that are right, over statements that training never drew.</summary>
    private double Accuracy(Transformer model, ITokenizer tokenizer, int attributes)
    {
        var statements = new CampaignStatements(
            unchecked(options.Seed + 1_000_003), pairs: attributes == 2 ? 1 : 0, triples: attributes == 3 ? 1 : 0);
        var right = 0;
        const int Rows = 2048, Batch = 256;
        for (var start = 0; start < Rows; start += Batch)
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var rows = Enumerable.Range(start, Batch).Select(i => Encode(statements[i], tokenizer)).ToArray();
            using var batch = Pad(rows, tokenizer);
            var hidden = model.Hidden(batch, DropoutContext.None);
            var positions = rows.Select((row, i) => ((long)i * batch.Length) + row.Length - 2).ToArray();
            var predicted = model.Logits(Transformer.Rows(hidden, batch, positions)).argmax(1).data<long>().ToArray();
            right += rows.Where((row, i) => predicted[i] == row[^1]).Count();
        }

        return (double)right / Rows;
    }

    private static (Tensor Answer, Tensor Language) Losses(Transformer model, int[][] rows, ITokenizer tokenizer)
    {
        using var batch = Pad(rows, tokenizer);
        var hidden = model.Hidden(batch, DropoutContext.None);
        List<long> answers = [], answerTokens = [], positions = [], tokens = [];
        for (var row = 0; row < rows.Length; row++)
        {
            var start = (long)row * batch.Length;
            var last = rows[row].Length - 1;
            for (var at = 1; at < last; at++)
            {
                positions.Add(start + at - 1);
                tokens.Add(rows[row][at]);
            }

            answers.Add(start + last - 1);
            answerTokens.Add(rows[row][last]);
        }

        return (
            CausalLanguageLoss.Loss(model, hidden, batch, [.. answers], [.. answerTokens]),
            CausalLanguageLoss.Loss(model, hidden, batch, [.. positions], [.. tokens]));
    }

    /// <summary>The text with its answer behind it.</summary>
    private static int[] Encode(CampaignStatement statement, ITokenizer tokenizer) =>
        tokenizer.Encode(statement.Text + " " + statement.Answer);

    private static TokenBatch Pad(int[][] rows, ITokenizer tokenizer) =>
        Batches.BatchBuilder.Pad(rows, tokenizer.PadId ?? 0);
}
