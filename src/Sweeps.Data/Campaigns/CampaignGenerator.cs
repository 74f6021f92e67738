using Sweeps.Data.Readers;

namespace Sweeps.Data.Campaigns;

/// <summary>
/// Generates marketing campaigns with a known truth: five attributes, a label by the balance of the ten relations between
/// their values (see <see cref="CampaignWorld"/>). A model that looks at the attributes one by one does badly on it.
/// </summary>
public static class CampaignGenerator
{
    /// <summary>The seed of the built-in data sets.</summary>
    public const int DefaultSeed = 1;

    /// <summary>Most rows of one split.</summary>
    public const int MaxRows = 1_000_000;

    /// <summary>Generates the three splits; their campaigns differ, and the class shares of each are those of the preset.</summary>
    /// <param name="preset">Densities, threshold, noise, class shares.</param>
    /// <param name="seed">Chooses campaigns, words and noise; the world stays the same.</param>
    /// <param name="train">Training rows.</param>
    /// <param name="validation">Validation rows.</param>
    /// <param name="test">Test rows.</param>
    /// <param name="world">The relations; null for those that the built-in base model knows.</param>
    /// <remarks>A campaign comes twice in a split only when its side has no other of its class left (a side holds 3,300 to
    /// 9,900); its words then differ.</remarks>
    public static CampaignData Generate(
        CampaignPreset preset,
        int seed = DefaultSeed,
        int train = 3000,
        int validation = 600,
        int test = 1500,
        CampaignWorld? world = null)
    {
        world ??= new CampaignWorld();
        return new CampaignData(
            Split(preset, world, seed, CampaignSide.Train, train),
            Split(preset, world, seed, CampaignSide.Validation, validation),
            Split(preset, world, seed, CampaignSide.Test, test));
    }

    private static DataTable Split(CampaignPreset preset, CampaignWorld world, int seed, CampaignSide side, int rows)
    {
        if (rows is < 3 or > MaxRows)
        {
            throw new DataException(null, null, $"{rows} rows for the {side.ToString().ToLowerInvariant()} split is not possible", $"Ask for 3 to {MaxRows:N0}");
        }

        (int Campaign, int Label)[] chosen = Choose(preset, world, seed, side, rows);
        PermuteLabels(chosen, preset.Noise, SeededRandom.Stream("campaign noise", world.Seed, seed, (long)side));
        SeededRandom words = SeededRandom.Stream("campaign words", world.Seed, seed, (long)side);
        List<string[]> rendered = new(rows);
        foreach ((int campaign, int label) in chosen)
        {
            int[] values = CampaignWorld.Values(campaign);
            string[] fields = new string[7];
            for (int i = 0; i < 5; i++)
            {
                fields[i] = CampaignText.Field(i, values[i], ref words);
            }

            fields[5] = CampaignText.Sentence(fields, 0b11111);
            fields[6] = CampaignWords.Labels[label];
            rendered.Add(fields);
        }

        return DataTable.FromRows($"{side.ToString().ToLowerInvariant()}.csv", CampaignData.Columns, rendered);
    }

    private static (int Campaign, int Label)[] Choose(CampaignPreset preset, CampaignWorld world, int seed, CampaignSide side, int rows)
    {
        List<int>[] byLabel = [[], [], []];
        int[] everywhere = new int[3];
        for (int campaign = 0; campaign < CampaignWorld.Campaigns; campaign++)
        {
            int label = world.Label(CampaignWorld.Values(campaign), preset);
            everywhere[label]++;
            if (CampaignWorld.SideOf(campaign) == side)
            {
                byLabel[label].Add(campaign);
            }
        }

        IReadOnlyList<double> shares = preset.ClassShares ?? [.. everywhere.Select(static count => (double)count / CampaignWorld.Campaigns)];
        int[] counts = Apportion(shares, rows);
        SeededRandom random = SeededRandom.Stream("campaigns", world.Seed, seed, (long)side);
        List<(int, int)> chosen = new(rows);
        for (int label = 0; label < 3; label++)
        {
            if (counts[label] > 0 && byLabel[label].Count == 0)
            {
                throw new DataException(null, null, $"no campaign of this world is {CampaignWords.Labels[label]} under '{preset.Name}'", "Raise the densities or lower the threshold");
            }

            int[] pool = [.. byLabel[label]];
            for (int i = 0; i < counts[label]; i++)
            {
                if (i % pool.Length == 0)
                {
                    random.Shuffle<int>(pool);
                }

                chosen.Add((pool[i % pool.Length], label));
            }
        }

        (int, int)[] mixed = [.. chosen];
        random.Shuffle<(int, int)>(mixed);
        return mixed;
    }

    /// <summary>Whole numbers as near to the shares as can be, that add up (largest remainders).</summary>
    private static int[] Apportion(IReadOnlyList<double> shares, int rows)
    {
        double[] exact = [.. shares.Select(share => share / shares.Sum() * rows)];
        int[] counts = [.. exact.Select(static value => (int)value)];
        foreach (int label in Enumerable.Range(0, 3).OrderByDescending(label => exact[label] - counts[label]).Take(rows - counts.Sum()))
        {
            counts[label]++;
        }

        return counts;
    }

    private static void PermuteLabels((int Campaign, int Label)[] rows, double noise, SeededRandom random)
    {
        int[] all = [.. Enumerable.Range(0, rows.Length)];
        random.Shuffle<int>(all);
        int[] noisy = all[..(int)Math.Round(noise * rows.Length)];
        int[] labels = [.. noisy.Select(row => rows[row].Label)];
        random.Shuffle<int>(labels);
        for (int i = 0; i < noisy.Length; i++)
        {
            rows[noisy[i]].Label = labels[i];
        }
    }
}
