namespace Sweeps.Data.Campaigns;

/// <summary>
/// The relations that all campaign data sets share: for each pair of attributes a table of strengths and signs. A data set
/// lets the strong ones count (<see cref="CampaignPreset.Densities"/>).
/// </summary>
public sealed class CampaignWorld
{
    /// <summary>The world that the built-in base model was made for.</summary>
    public const int DefaultSeed = 7;

    /// <summary>Values an attribute can take.</summary>
    public const int ValuesPerAttribute = 8;

    /// <summary>How many different campaigns there are.</summary>
    public const int Campaigns = 32_768;

    private const int Cells = ValuesPerAttribute * ValuesPerAttribute;

    // Strength rank (0 the strongest) and sign of each cell, for each pair of attributes.
    private readonly int[] _ranks = new int[10 * Cells];
    private readonly sbyte[] _signs = new sbyte[10 * Cells];

    /// <param name="seed">Another seed is another world, which a base model made for this one does not know.</param>
    public CampaignWorld(int seed = DefaultSeed)
    {
        Seed = seed;
        int[] cells = new int[Cells];
        for (int pair = 0; pair < 10; pair++)
        {
            SeededRandom random = SeededRandom.Stream("campaign world", seed, pair);
            for (int i = 0; i < Cells; i++)
            {
                cells[i] = i;
            }

            random.Shuffle<int>(cells);
            for (int rank = 0; rank < Cells; rank++)
            {
                int cell = (pair * Cells) + cells[rank];
                _ranks[cell] = rank;
                // Neighbours in strength have opposite signs, so that any density is balanced.
                _signs[cell] = rank % 2 == 0
                    ? (sbyte)((random.Next(2) * 2) - 1)
                    : (sbyte)-_signs[(pair * Cells) + cells[rank - 1]];
            }
        }
    }

    /// <summary>The seed it was made from.</summary>
    public int Seed { get; }

    /// <summary>The net balance of a campaign: positive less negative relations among the attributes given, -10 to 10.</summary>
    /// <param name="values">The value of each of the five attributes, 0 to 7.</param>
    /// <param name="densities">The density of each attribute.</param>
    /// <param name="attributes">Which attributes count, a bit each; all by default.</param>
    public int Net(ReadOnlySpan<int> values, IReadOnlyList<double> densities, int attributes = 0b11111)
    {
        int net = 0;
        int pair = 0;
        for (int i = 0; i < 5; i++)
        {
            for (int j = i + 1; j < 5; j++, pair++)
            {
                if ((attributes >> i & attributes >> j & 1) == 1)
                {
                    int cell = (pair * Cells) + (values[i] * ValuesPerAttribute) + values[j];
                    net += _ranks[cell] < densities[i] * densities[j] * Cells ? _signs[cell] : 0;
                }
            }
        }

        return net;
    }

    /// <summary>0 Under, 1 Average, 2 Over.</summary>
    public int Label(ReadOnlySpan<int> values, CampaignPreset preset)
    {
        int net = Net(values, preset.Densities);
        return net <= -preset.Threshold ? 0 : net >= preset.Threshold ? 2 : 1;
    }

    /// <summary>The five values of a campaign by its number, 0 to <see cref="Campaigns"/> less one.</summary>
    public static int[] Values(int campaign)
    {
        int[] values = new int[5];
        for (int i = 0; i < 5; i++)
        {
            values[i] = campaign >> (3 * i) & 7;
        }

        return values;
    }

    /// <summary>
    /// The side a campaign is on, in every world and data set: 40 % pre-training, 30 % training, 10 % validation, 20 % test,
    /// by a hash of its five values. So no model ever sees a test campaign before it is asked about it.
    /// </summary>
    public static CampaignSide SideOf(int campaign) => (SeededRandom.Mix((ulong)campaign + 0x5EED_CA3B_A165) % 100) switch
    {
        < 40 => CampaignSide.Pretraining,
        < 70 => CampaignSide.Train,
        < 80 => CampaignSide.Validation,
        _ => CampaignSide.Test,
    };
}

/// <summary>What a campaign may be used for.</summary>
public enum CampaignSide
{
    /// <summary>Statements for the base model.</summary>
    Pretraining,

    /// <summary>Training rows.</summary>
    Train,

    /// <summary>Validation rows.</summary>
    Validation,

    /// <summary>Test rows.</summary>
    Test,
}
