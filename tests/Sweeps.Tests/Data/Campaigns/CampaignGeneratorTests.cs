using Sweeps.Data.Campaigns;
using Sweeps.Data.Readers;

namespace Sweeps.Tests.Data.Campaigns;

public sealed class CampaignGeneratorTests
{
    [Theory]
    [InlineData("V14", 270, 2460, 270)]
    [InlineData("V15", 270, 2460, 270)]
    [InlineData("V25", 900, 1200, 900)]
    [InlineData("V26", 900, 1200, 900)]
    public void Class_shares_are_exact(string preset, int under, int average, int over)
    {
        CampaignData data = CampaignGenerator.Generate(CampaignPreset.Find(preset), seed: 7);

        Assert.Equal([under, average, over], Counts(data.Train));
        Assert.Equal([under / 5, average / 5, over / 5], Counts(data.Validation));
        Assert.Equal([under / 2, average / 2, over / 2], Counts(data.Test));
    }

    [Theory]
    [InlineData("V15", .09, .82, .09)]
    [InlineData("V25", .30, .40, .31)]
    public void The_world_has_these_shares_by_itself(string name, double under, double average, double over)
    {
        CampaignWorld world = new();
        CampaignPreset preset = CampaignPreset.Find(name);
        double[] shares = new double[3];
        for (int campaign = 0; campaign < CampaignWorld.Campaigns; campaign++)
        {
            shares[world.Label(CampaignWorld.Values(campaign), preset)] += 1.0 / CampaignWorld.Campaigns;
        }

        Assert.All(shares.Zip([under, average, over]), pair => Assert.Equal(pair.Second, pair.First, tolerance: .01));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_another_seed_others()
    {
        using TempFolder folder = new();
        string[] texts = [.. new[] { 3, 3, 4 }.Select((seed, i) =>
        {
            string target = Path.Combine(folder.Path, $"{i}");
            CampaignGenerator.Generate(CampaignPreset.V25, seed, 300, 60, 150).WriteCsv(target);
            return string.Concat(new[] { "train", "validation", "test" }.Select(name => File.ReadAllText(Path.Combine(target, $"{name}.csv"))));
        })];

        Assert.Equal(texts[0], texts[1]);
        Assert.NotEqual(texts[0], texts[2]);
    }

    [Fact]
    public void Rows_have_every_column_and_read_back()
    {
        using TempFolder folder = new();
        CampaignData data = CampaignGenerator.Generate(CampaignPreset.V25, seed: 1, 300, 60, 150);
        data.WriteCsv(folder.Path);
        DataTable train = DataReader.Read(Path.Combine(folder.Path, "train.csv"));

        Assert.Equal(["audience", "brand", "creative", "platform", "geography", "text", "label"], train.Columns);
        Assert.Equal(300, train.Rows.Count);
        Row row = train.Rows[0];
        Assert.Equal(
            $"audience {row["audience"]} brand {row["brand"]} creative {row["creative"]} platform {row["platform"]} geography {row["geography"]}",
            row["text"]);
        Assert.Equal(data.Train.Rows[0]["text"], row["text"]);
    }

    [Fact]
    public void No_campaign_is_on_two_sides_and_each_side_has_its_share()
    {
        CampaignData data = CampaignGenerator.Generate(CampaignPreset.V25, seed: 1);
        HashSet<int>[] sides = [.. new[] { data.Train, data.Validation, data.Test }.Select(table => table.Rows.Select(CampaignReading.Campaign).ToHashSet())];

        Assert.Equal([3000, 600, 1500], sides.Select(side => side.Count));
        Assert.Equal(5100, sides.SelectMany(side => side).Distinct().Count());
        Assert.All(sides[2], campaign => Assert.Equal(CampaignSide.Test, CampaignWorld.SideOf(campaign)));
        double[] shares = new double[4];
        for (int campaign = 0; campaign < CampaignWorld.Campaigns; campaign++)
        {
            shares[(int)CampaignWorld.SideOf(campaign)] += 1.0 / CampaignWorld.Campaigns;
        }

        Assert.All(shares.Zip([.4, .3, .1, .2]), pair => Assert.Equal(pair.Second, pair.First, tolerance: .01));
    }

    [Theory]
    [InlineData("V15", 0)]
    [InlineData("V25", 0)]
    [InlineData("V26", .03)]
    [InlineData("V14", .75)]
    public void Labels_follow_the_world_but_for_the_noise(string name, double noise)
    {
        CampaignWorld world = new();
        CampaignPreset preset = CampaignPreset.Find(name);
        DataTable train = CampaignGenerator.Generate(preset, seed: 5).Train;

        int wrong = train.Rows.Count(row => row["label"] != CampaignWords.Labels[world.Label(CampaignWorld.Values(CampaignReading.Campaign(row)), preset)]);

        // A permuted label often lands on its own class again: it differs with the probability 1 - sum of squared shares.
        double expected = noise * (1 - preset.ClassShares!.Sum(share => share * share));
        Assert.Equal(expected, (double)wrong / train.Rows.Count, tolerance: .02);
    }

    [Fact]
    public void A_model_that_looks_at_the_attributes_one_by_one_is_weak()
    {
        double v25 = SoftmaxRegression.MacroF1(CampaignGenerator.Generate(CampaignPreset.V25, seed: 1));
        double v15 = SoftmaxRegression.MacroF1(CampaignGenerator.Generate(CampaignPreset.V15, seed: 1));

        Assert.InRange(v25, .40, .55);
        Assert.InRange(v15, .28, .42);
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"V25 {v25:0.000}, V15 {v15:0.000}"));
    }

    private static int[] Counts(DataTable table) => [.. CampaignWords.Labels.Select(label => table.Rows.Count(row => row["label"] == label))];
}
