using Sweeps.Core.Spec;

namespace Sweeps.Data.Campaigns;

/// <summary>
/// One data set on the world: how dense the relations of each attribute are, where the label's threshold lies, how noisy
/// the labels are.
/// </summary>
/// <param name="Name">What people call it.</param>
/// <param name="Densities">One density, 0 to 1, for each of <see cref="CampaignWords.Attributes"/>: a relation of two
/// values counts when its strength is below the product of their attributes' densities.</param>
/// <param name="Threshold">Over from a net of this on, Under from its negative down.</param>
/// <param name="Noise">Share of the rows, 0 to 1, whose labels are permuted among them (class shares stay).</param>
/// <param name="ClassShares">Shares of Under, Average and Over; null takes those of all campaigns of the world.</param>
public sealed record CampaignPreset(
    string Name,
    IReadOnlyList<double> Densities,
    int Threshold,
    double Noise = 0,
    IReadOnlyList<double>? ClassShares = null)
{
    private static readonly double[] Uneven = [.62, .80, .68, .74, .12];
    private static readonly double[] Even = [.90, .90, .90, .90, .90];
    private static readonly double[] Rare = [.09, .82, .09];
    private static readonly double[] Common = [.30, .40, .30];

    /// <summary>Uneven densities, rare extremes: 9 / 82 / 9.</summary>
    public static CampaignPreset V15 { get; } = new("V15", Uneven, Threshold: 3, Noise: 0, Rare);

    /// <summary>V15 with three labels in four permuted: mostly noise.</summary>
    public static CampaignPreset V14 { get; } = new("V14", Uneven, Threshold: 3, Noise: .75, Rare);

    /// <summary>Even densities, common extremes: 30 / 40 / 30. The quickstart's.</summary>
    public static CampaignPreset V25 { get; } = new("V25", Even, Threshold: 2, Noise: 0, Common);

    /// <summary>V25 with 3 % of the labels permuted.</summary>
    public static CampaignPreset V26 { get; } = new("V26", Even, Threshold: 2, Noise: .03, Common);

    /// <summary>The built-in presets.</summary>
    public static IReadOnlyList<CampaignPreset> All { get; } = [V14, V15, V25, V26];

    /// <summary>Finds a preset by name, in any case.</summary>
    /// <exception cref="DataException">There is none of that name.</exception>
    public static CampaignPreset Find(string name) =>
        All.FirstOrDefault(preset => preset.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new DataException(null, null, $"there is no campaign preset '{name}'", $"The presets are {NearestName.List(All.Select(static preset => preset.Name))}");
}
