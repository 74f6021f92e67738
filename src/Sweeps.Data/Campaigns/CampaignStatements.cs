namespace Sweeps.Data.Campaigns;

/// <summary>
/// What the built-in base model reads before it ever sees a task: statements about 2, 3 or 4 attributes of a campaign and
/// their net balance as a word, under the densities of V25 ("Dense:") or of V15 ("Sparse:"). Never five attributes, never
/// a label, never a threshold, and only campaigns of the pre-training side.
/// </summary>
public sealed class CampaignStatements
{
    private static readonly int[][] Subsets = [.. Enumerable.Range(2, 3).Select(
        static size => (int[])[.. Enumerable.Range(0, 32).Where(mask => int.PopCount(mask) == size)])];

    private readonly CampaignWorld _world;
    private readonly int _seed;
    private readonly double _pairs;
    private readonly double _triples;
    private readonly int[] _campaigns;

    /// <param name="seed">Chooses campaigns, attributes and words.</param>
    /// <param name="world">The relations; null for the default world.</param>
    /// <param name="pairs">Share of statements about 2 attributes.</param>
    /// <param name="triples">Share about 3; the rest are about 4.</param>
    public CampaignStatements(int seed, CampaignWorld? world = null, double pairs = 1 / 3.0, double triples = 1 / 3.0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pairs);
        ArgumentOutOfRangeException.ThrowIfNegative(triples);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pairs + triples, 1, nameof(triples));
        _world = world ?? new CampaignWorld();
        _seed = seed;
        _pairs = pairs;
        _triples = triples;
        _campaigns = [.. Enumerable.Range(0, CampaignWorld.Campaigns).Where(static campaign => CampaignWorld.SideOf(campaign) == CampaignSide.Pretraining)];
    }

    /// <summary>The statement of an index: a function of it and the seed alone, so a resumed pre-training reads the same.</summary>
    public CampaignStatement this[long index]
    {
        get
        {
            SeededRandom random = SeededRandom.Stream("campaign statements", _world.Seed, _seed, index);
            double size = random.NextDouble();
            int[] subsets = Subsets[size < _pairs ? 0 : size < _pairs + _triples ? 1 : 2];
            int attributes = subsets[random.Next(subsets.Length)];
            int[] values = CampaignWorld.Values(_campaigns[random.Next(_campaigns.Length)]);
            bool dense = random.Next(2) == 0;
            string[] fields = new string[5];
            for (int i = 0; i < 5; i++)
            {
                fields[i] = CampaignText.Field(i, values[i], ref random);
            }

            int net = _world.Net(values, (dense ? CampaignPreset.V25 : CampaignPreset.V15).Densities, attributes);
            string marker = dense ? CampaignWords.DenseMarker : CampaignWords.SparseMarker;
            return new CampaignStatement($"{CampaignText.Sentence(fields, attributes)} {marker}:", CampaignWords.NetWord(net), int.PopCount(attributes));
        }
    }
}

/// <summary>One statement for pre-training.</summary>
/// <param name="Text">The attributes and the marker, as in "audience mostly students geography 10001 10036 Dense:".</param>
/// <param name="Answer">The word that follows: the net balance.</param>
/// <param name="Attributes">How many attributes it is about: 2, 3 or 4.</param>
public readonly record struct CampaignStatement(string Text, string Answer, int Attributes);
