using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Recipes;

/// <summary>Whole attempts: trials without training, and other decisions from the same weights.</summary>
public sealed class HeadsAndArmsTests : IDisposable
{
    private readonly TrialWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public void Zero_shot_is_evaluated_once_and_is_done()
    {
        var settings = TrialWorkplace.Settings with { Method = "zero-shot", Head = "label-tokens" };
        var link = new RecordingLink();

        var done = Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 1, settings), link));

        var offer = Assert.Single(link.Offers);
        Assert.Equal((0, true, true, 0), (offer.Checkpoint!.Step, offer.Checkpoint.IsFinal, offer.Checkpoint.IsBest, offer.TotalSteps));
        Assert.Equal(0L, offer.TrainableParameters);
        Assert.Equal(0, Assert.Single(offer.Evaluations).Step);
        Assert.Equal(done.FinalSha256, done.BestSha256);

        // Its checkpoint was committed, its trainer died before it could say so.
        var again = new RecordingLink();
        var second = TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 2, settings, link.Offers), again);
        Assert.Equal(done, second);
        Assert.Empty(again.Offers);

        var test = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("gemma3", new JobId("s", JobKind.Evaluate, 1), 1, settings, link.Offers), test));
        Assert.Equal("test", Assert.Single(Assert.Single(test.Offers).Evaluations).Split);
    }

    [Fact]
    public void A_preflight_of_zero_shot_times_an_evaluation()
    {
        var settings = TrialWorkplace.Settings with { Method = "zero-shot", Head = "label-tokens" };
        var link = new RecordingLink();

        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("gemma3", new JobId("s", JobKind.Preflight, 1), 1, settings), link));

        Assert.True(Assert.Single(link.Offers).StepSeconds > 0);
    }

    [Theory]
    [InlineData("label-tokens")]
    [InlineData("first-rows")]
    public void A_trimmed_head_is_trained_and_begins_with_rows_of_the_projection(string trim)
    {
        var settings = TrialWorkplace.Settings with { Head = "trimmed", Trim = trim, Epochs = 6 };
        var link = new RecordingLink();

        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 1, settings), link));

        var losses = link.Offers.SelectMany(offer => offer.Points).Select(point => point.Loss).ToList();
        Assert.True(losses.TakeLast(10).Average() < losses.Take(10).Average() - 0.05, string.Join(' ', losses));
    }

    [Fact]
    public void Variants_are_scored_beside_the_plain_decision_and_change_no_weight()
    {
        var settings = TrialWorkplace.Settings with { Epochs = 2 };
        VariantSettings[] variants =
        [
            new() { Name = "as it is", MultiplyLogit = [1, 1, 1] },
            new() { Name = "only the last", MultiplyLogit = [0, 0, 1e9] },
            new() { Name = "evened out", AddLogPrior = -1 },
            new() { Name = "calibrated", FitsTemperature = true },
        ];
        var plain = new RecordingLink();
        var expected = Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("bert", JobId.Train("s", 1), 1, settings), plain));
        var link = new RecordingLink();
        var job = JobId.Train("s", 2);

        var done = TrialWorkplace.Run(_place.Assign("bert", job, 1, settings with { Variants = variants }), link);

        Assert.Equal(expected, done);
        foreach (var evaluations in link.Offers.Select(offer => offer.Evaluations).Where(evaluations => evaluations.Count > 0))
        {
            Assert.Equal(["plain", .. variants.Select(variant => variant.Name)], evaluations.Select(evaluation => evaluation.Variant));
            var of = evaluations.ToDictionary(evaluation => evaluation.Variant);
            Assert.Equal(of["plain"].Loss, of["as it is"].Loss, 1e-6);
            Assert.Equal(of["plain"].MacroF1, of["as it is"].MacroF1);
            Assert.Equal(of["plain"].MacroF1, of["calibrated"].MacroF1);
            Assert.True(of["calibrated"].Loss <= of["plain"].Loss + 1e-6);
        }

        var test = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(
            _place.Assign("bert", new JobId("s", JobKind.Evaluate, 2), 1, settings with { Variants = variants }, link.Offers), test));
        Assert.Equal(5, Assert.Single(test.Offers).Evaluations.Count);
        Assert.All(test.Offers[0].Evaluations, evaluation => Assert.Equal("test", evaluation.Split));
    }
}
