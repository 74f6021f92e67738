using Sweeps.Core.Json;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Search.Planning;
using Xunit;

namespace Sweeps.Tests.Spec;

/// <summary>What a spec with several labels a row says; what it must not say is in <see cref="SpecErrorsTests"/>.</summary>
public sealed class MultiLabelSpecTests
{
    private const string Spec = """
        base: builtin:tiny-gemma3
        data: {train: data.csv, label: tags, labels: [late, angry, refund], label_separator: " / "}
        template: "{text}"
        training: {class_weights: {refund: 3, late: 1, angry: 2}, focal_gamma: 2}
        variants: {evened: {add_log_prior: -1}, calibrated: {temperature: fit}}
        grid: {method: [full, lora]}
        """;

    private static readonly DataFacts Data = new()
    {
        Labels = ["late", "angry", "refund"],
        Rows = new Dictionary<string, int> { ["train"] = 300, ["validation"] = 60, ["test"] = 60 },
        Columns = ["text", "tags"],
    };

    [Fact]
    public void What_makes_sense_with_several_labels_reaches_every_trial()
    {
        var read = SpecReader.Read(Spec, "grid.yaml");

        Assert.Empty(read.Errors);
        var plan = Planner.Plan(read.Spec!, Data);
        Assert.Empty(plan.Errors);
        Assert.Empty(plan.Warnings);
        Assert.Equal(2, plan.Trials.Count);
        Assert.All(plan.Trials, trial =>
        {
            Assert.Equal((" / ", true, "tags"), (trial.Settings.Data.LabelSeparator, trial.Settings.Data.IsMultiLabel, trial.Settings.Data.LabelColumn));
            Assert.Equal([1.0, 2, 3], trial.Settings.CustomClassWeights!);
            Assert.Equal(2, trial.Settings.FocalGamma);
            Assert.Equal(2, trial.Settings.Variants!.Count);
            Assert.Equal(trial.Settings.Data.LabelSeparator, SweepsJson.Read<TrialSettings>(SweepsJson.Write(trial.Settings)).Data.LabelSeparator);
        });
    }

    [Fact]
    public void Without_the_key_a_row_has_one_label_and_settings_are_written_as_before()
    {
        var read = SpecReader.Read(Spec.Replace(", label_separator: \" / \"", "", StringComparison.Ordinal), "grid.yaml");

        Assert.False(read.Spec!.Defaults.Data.IsMultiLabel);
        Assert.DoesNotContain("label_separator", SweepsJson.Write(read.Spec.Defaults), StringComparison.Ordinal);
        Assert.DoesNotContain("multi", SweepsJson.Write(read.Spec.Defaults), StringComparison.Ordinal);
    }
}
