using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Core.Trainer;
using Sweeps.Data.Campaigns;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Recipes;

/// <summary>Whole attempts: trials without training, and other decisions from the same weights.</summary>
public sealed class HeadsAndArmsTests : IDisposable
{
    private readonly TrialWorkplace _place = new();
    private int _trials;

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

    [Fact]
    public void Who_decides_later_with_a_variant_decides_as_the_trial_did()
    {
        var settings = TrialWorkplace.Settings with
        {
            Epochs = 1,
            Metric = "loss",
            Variants =
            [
                new() { Name = "evened out", AddLogPrior = -1 },
                new() { Name = "calibrated", FitsTemperature = true },
            ],
        };
        var link = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(
            _place.Assign("bert", JobId.Train("s", 1), 1, settings) with { Maximize = false }, link));
        var scored = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(
            _place.Assign("bert", new JobId("s", JobKind.Evaluate, 1), 1, settings, link.Offers), scored));
        var tested = Assert.Single(scored.Offers).Evaluations;
        var trained = new Sweeps.Training.TrainedModel(settings, _place["bert"], link.Offers[^1].Checkpoint!.Directory);
        var file = Path.Combine(_place.Root, "test.csv");

        var byFile = Sweeps.Training.Evaluation.FileScorer.Score(trained, file, (_, _) => { });

        Assert.Equal(tested.Select(e => (e.Variant, e.Accuracy, e.MacroF1)), byFile.Evaluations.Select(e => (e.Variant, e.Accuracy, e.MacroF1)));
        Assert.All(tested.Zip(byFile.Evaluations), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-6));
        Assert.Equal(3, tested.Select(e => e.Loss).Distinct().Count());
        var rows = Data.Readers.DataReader.Read(file, Data.Readers.ReadOptions.Default);
        for (var decision = 0; decision < tested.Count; decision++)
        {
            using var predictor = Sweeps.Training.Predict.Predictor.Load(trained, tested[decision].Variant);
            for (var row = 0; row < 10; row++)
            {
                var prediction = predictor.Predict([.. Data.Templates.TextTemplate.Parse(settings.Template).Columns.Select(column => $"{column}={rows.Rows[row][column]}")]);
                Assert.Equal(byFile.Predictions[decision][row], prediction.Label);
                Assert.Equal(1, prediction.Probabilities.Values.Sum(), 1e-9);
            }
        }

        var error = Assert.Throws<InvalidDataException>(() => Sweeps.Training.Predict.Predictor.Load(trained, "calibrate"));
        Assert.Contains("plain, evened out, calibrated", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_is_worth_what_its_best_decision_is_worth()
    {
        var settings = TrialWorkplace.Settings with { Epochs = 3 };
        var plain = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("bert", JobId.Train("s", 1), 1, settings), plain));
        var link = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(
            _place.Assign("bert", JobId.Train("s", 2), 1, settings with { Variants = [new() { Name = "reversed", MultiplyLogit = [-1, -1, -1] }] }), link));

        double? best = null;
        foreach (var offer in link.Offers.Where(offer => offer.Evaluations.Count > 0))
        {
            var value = offer.Evaluations.Max(evaluation => evaluation.MacroF1);
            Assert.Equal(best is null || value > best, offer.Checkpoint!.IsBest);
            best = best is null ? value : Math.Max(best.Value, value);
        }

        Assert.Contains(link.Offers.SelectMany(offer => offer.Evaluations), evaluation => evaluation.Variant == "reversed");
        Assert.Equal(plain.Offers[^1].Checkpoint!.WeightsSha256, link.Offers[^1].Checkpoint!.WeightsSha256);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Generate_learns_to_write_the_labels(bool constrained)
    {
        var settings = TrialWorkplace.Settings with { Head = "generate", Constrained = constrained, Epochs = 6, LearningRate = 1e-2 };
        var link = new RecordingLink();

        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 1, settings), link));

        var evaluations = link.Offers.SelectMany(offer => offer.Evaluations).ToList();
        Assert.True(evaluations[^1].Loss < 0.8 * evaluations[0].Loss, $"{evaluations[0].Loss} to {evaluations[^1].Loss}");
        Assert.InRange(evaluations[^1].Accuracy, 0.3, 1);
    }

    [Fact]
    public void Free_and_constrained_decoding_are_arms_of_one_trial()
    {
        var settings = TrialWorkplace.Settings with
        {
            Method = "zero-shot",
            Head = "generate",
            Variants =
            [
                new() { Name = "free", Constrained = false },
                new() { Name = "scored", Temperature = 1 },
            ],
        };
        var link = new RecordingLink();

        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 1, settings), link));

        var of = Assert.Single(link.Offers).Evaluations.ToDictionary(evaluation => evaluation.Variant);
        // An untrained model writes no label unless it must.
        Assert.Equal(0, of["free"].Accuracy);
        Assert.True(of["plain"].Accuracy > 0);
        Assert.True(of["scored"].Accuracy > 0);

        // One column never holds two losses: a variant that changes nothing is no better than the plain decision.
        Assert.Equal(of["scored"].Loss, of["plain"].Loss, 1e-6);
        Assert.Equal(of["free"].Loss, of["plain"].Loss);
    }

    [Fact]
    public void Several_texts_of_a_label_count_together()
    {
        var settings = TrialWorkplace.Settings with { Method = "zero-shot", Head = "label-tokens" };
        var one = Evaluate(settings);
        Assert.Equal(one.Loss, Evaluate(settings with { LabelTexts = [new("Under"), new("Average"), new("Over")] }).Loss);
        var more = Evaluate(settings with { LabelTexts = [new(["Under", CampaignWords.NetWord(3), CampaignWords.NetWord(4)]), new("Average"), new("Over")] });
        Assert.NotEqual(one.Loss, more.Loss);
    }

    [Theory]
    [InlineData("label-tokens")]
    [InlineData("generate")]
    public void Labels_that_nothing_tells_apart_are_refused(string head)
    {
        var settings = TrialWorkplace.Settings with { Head = head, LabelTexts = [new("Under"), new("Over"), new("Over")] };

        var failed = Assert.IsType<FailedFrame>(
            TrialWorkplace.Run(_place.Assign("gemma3", new JobId("s", JobKind.Preflight, 1), 1, settings), new RecordingLink()));

        Assert.Equal(Core.States.FailureClass.BadSpec, failed.Failure);
        Assert.Contains(head == "generate" ? "give the same tokens" : "share their first token", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Few_shot_examples_stand_in_front_of_every_prompt_and_are_not_trained_on()
    {
        var settings = TrialWorkplace.Settings with { FewShot = 1, MaxLength = 40, Method = "zero-shot", Head = "label-tokens" };
        var failed = Assert.IsType<FailedFrame>(
            TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 1, settings), new RecordingLink()));
        Assert.Equal(Core.States.FailureClass.BadData, failed.Failure);
        Assert.Contains("leaves nothing of max_length 40", failed.Message, StringComparison.Ordinal);

        var (train, validation, examples) = Encode(settings with { MaxLength = 200 });
        var (plain, others, none) = Encode(settings with { FewShot = 0 });
        var (_, _, same) = Encode(settings with { MaxLength = 200 });
        var (_, _, different) = Encode(settings with { MaxLength = 200, Seed = 5 });

        Assert.Equal("", none);
        Assert.Equal(examples, same);
        Assert.NotEqual(examples, different);
        Assert.Equal(3, examples.Split(Sweeps.Training.Inputs.FewShotExamples.Separator, StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(plain.Rows.Length - 3, train.Rows.Length);
        Assert.Equal(others.Rows.Length, validation.Rows.Length);
        var added = validation.Lengths[0] - others.Lengths[0];
        Assert.All(validation.Lengths.Zip(others.Lengths), pair => Assert.Equal(added, pair.First - pair.Second));
        // What all prompts begin with.
        Assert.All(validation.Rows, row => Assert.Equal(train.Rows[0][..added], row[..added]));
    }

    [Fact]
    public void A_text_is_labelled_after_the_examples_that_its_trial_had()
    {
        var settings = TrialWorkplace.Settings with { Method = "zero-shot", Head = "generate", FewShot = 1, MaxLength = 120 };
        var link = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("long", JobId.Train("s", 1), 1, settings), link));
        var trained = new Sweeps.Training.TrainedModel(settings, _place["long"], Assert.Single(link.Offers).Checkpoint!.Directory);
        string[] texts = ["audience=a", "brand=b", "creative=c", "platform=d", "geography=e"];

        using var predictor = Sweeps.Training.Predict.Predictor.Load(trained);
        var prediction = predictor.Predict(texts);

        Assert.Contains(prediction.Label, settings.Data.Labels);
        Assert.Equal(1, prediction.Probabilities.Values.Sum(), 1e-5);
        File.Delete(Path.Combine(trained.CheckpointFolder, "state.json"));
        var error = Assert.Throws<InvalidDataException>(() => Sweeps.Training.Predict.Predictor.Load(trained));
        Assert.Contains("does not hold the examples of its prompts", error.Message, StringComparison.Ordinal);
    }

    private OfferedEvaluation Evaluate(TrialSettings settings)
    {
        var link = new RecordingLink();
        var ended = TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", ++_trials), 1, settings), link);
        Assert.True(ended is DoneFrame, $"{ended}");
        return Assert.Single(Assert.Single(link.Offers).Evaluations);
    }

    private (Sweeps.Training.Inputs.EncodedSplit Train, Sweeps.Training.Inputs.EncodedSplit Validation, string Examples) Encode(TrialSettings settings)
    {
        var session = new Sweeps.Training.Inputs.TrainerSession();
        var assignment = _place.Assign("gemma3", JobId.Train("s", 1), 1, settings);
        var encoding = new Sweeps.Training.Inputs.TextEncoding(settings, Data.Tokenizers.TokenizerLoader.Load(_place["gemma3"]), 400);
        var (train, validation) = session.TrainingRows(assignment, settings, encoding, () => { });
        return (train, validation, encoding.Examples);
    }
}
