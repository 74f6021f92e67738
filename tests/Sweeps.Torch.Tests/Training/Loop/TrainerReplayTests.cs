using Sweeps.Models.Ops.Fused;
using Sweeps.Torch.Tests.Models.Golden;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Loop;

/// <summary>The loop against recorded runs of transformers' Trainer, step by step.</summary>
[Trait("Category", "Golden")]
public sealed class TrainerReplayTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("ga4_linear", true)]
    [InlineData("ga4_divided", false)]
    [InlineData("ga1_wd", false)]
    public void Bert_classifier(string kind, bool recordsSum)
    {
        var file = GoldenCase.Read("trainer_bert_cls");
        using var model = ReplayModel.Classifier(file, "trainer_bert_cls.safetensors");
        new TrainerReplay(file, kind, model, output) { AccumulationMean = "batches", RecordsSum = recordsSum }.Run();
    }

    [Theory]
    [InlineData("ga4_token_weighted", 0, false)]
    [InlineData("ga1_cosine", 0, false)]
    [InlineData("ga4_label_smoothing", 0.1, false)]
    [InlineData("ga2_full_sequence_labels", 0, true)]
    public void Gemma3_language_model(string kind, double labelSmoothing, bool gradesEverything)
    {
        var file = GoldenCase.Read("trainer_gemma3_lm");
        using var model = ReplayModel.Language(file, "trainer_gemma3_lm.safetensors", labelSmoothing, gradesEverything);
        new TrainerReplay(file, kind, model, output).Run();
    }

    [Theory]
    [InlineData("ga4_linear_warmup10pct", "sum")]
    [InlineData("ga4_divided", "batches")]
    [InlineData("cosine_wd_clip", "rows")]
    [InlineData("constant_with_warmup", "rows")]
    [InlineData("warmup_stable_decay", "rows")]
    [InlineData("warmup_stable_decay_linear", "rows")]
    [InlineData("best_and_early_stopping", "rows", 2)]
    [InlineData("best_by_loss_steps", "rows")]
    [InlineData("label_smoothing", "rows")]
    [InlineData("label_smoothing_ga4", "rows")]
    [InlineData("group_by_length", "rows")]
    [InlineData("random_order", "rows")]
    [InlineData("max_steps_mid_epoch", "rows")]
    public void Qwen3_classifier(string kind, string mean, int patience = 0)
    {
        var file = GoldenCase.Read("trainer_qwen3_cls");
        var smoothed = kind.StartsWith("label_smoothing", StringComparison.Ordinal);
        var best = kind.StartsWith("best_", StringComparison.Ordinal);
        using var model = ReplayModel.Classifier(file, "trainer_qwen3_cls.safetensors", smoothed ? 0.1 : 0);
        new TrainerReplay(file, kind, model, output)
        {
            AccumulationMean = mean == "rows" ? "rows" : "batches",
            RecordsSum = mean == "sum",
            Patience = patience,
            LossTolerance = best ? 2e-4 : 2e-5,
            LogitsTolerance = best ? 5e-4 : 1e-4,
        }.Run();
    }

    /// <summary>
    /// The second run stands at the edge of its tolerance: rounding in the last place after its first step grows to 4e-5 in
    /// the loss of a later one. It is made with LibTorch's own operations, whose rounding is that of the recorded run.
    /// </summary>
    [Theory]
    [InlineData("ga4_linear", true)]
    [InlineData("ga1_wd", false)]
    public void T5(string kind, bool recordsSum)
    {
        var file = GoldenCase.Read("trainer_t5");
        using var model = ReplayModel.Sequence(file, "trainer_t5.safetensors");
        try
        {
            FusedMemory.Enabled = kind != "ga1_wd";
            new TrainerReplay(file, kind, model, output)
            {
                AccumulationMean = "batches",
                RecordsSum = recordsSum,
                NormTolerance = 1e-3,
                LogitsTolerance = 5e-4,
            }.Run();
        }
        finally
        {
            FusedMemory.Enabled = true;
        }
    }
}
