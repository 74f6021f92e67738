using System.Collections.Immutable;

namespace Sweeps.Data.Campaigns;

/// <summary>All words of the campaign texts. Each belongs to one value of one attribute only.</summary>
public static class CampaignWords
{
    /// <summary>Asks for the label.</summary>
    public const string LabelMarker = "Label";

    /// <summary>Asks for the net under the densities of V25.</summary>
    public const string DenseMarker = "Dense";

    /// <summary>Asks for the net under the densities of V15.</summary>
    public const string SparseMarker = "Sparse";

    /// <summary>The attributes, in the order of every text.</summary>
    public static IReadOnlyList<string> Attributes { get; } = ["audience", "brand", "creative", "platform", "geography"];

    /// <summary>The labels, in the order of their indexes.</summary>
    public static IReadOnlyList<string> Labels { get; } = ["Under", "Average", "Over"];

    /// <summary>Special tokens; their places are their ids.</summary>
    public static IReadOnlyList<string> Specials { get; } = ["<pad>", "<bos>", "<eos>", "<unk>"];

    /// <summary>One of these stands before a value of a text attribute and says nothing.</summary>
    public static IReadOnlyList<string> Fillers { get; } = Split("mostly mainly largely chiefly primarily partly often again still now also just");

    /// <summary>For each attribute, for each of its 8 values, the words that mean it: 3, for geography 4.</summary>
    public static IReadOnlyList<IReadOnlyList<IReadOnlyList<string>>> Values { get; } =
    [
        Table("""
            students undergraduates freshmen
            parents families caregivers
            gamers streamers esports
            athletes runners cyclists
            retirees pensioners seniors
            founders entrepreneurs startups
            travelers tourists backpackers
            homeowners landlords renovators
            """),
        Table("""
            sneakers footwear trainers
            espresso coffee roastery
            insurance coverage policies
            headphones earbuds speakers
            skincare cosmetics serums
            sedans vehicles roadsters
            mattresses bedding pillows
            loans savings mortgages
            """),
        Table("""
            video clip trailer
            carousel slideshow gallery
            testimonial review endorsement
            infographic chart diagram
            cartoon animation comic
            discount coupon bargain
            contest giveaway raffle
            tutorial howto walkthrough
            """),
        Table("""
            search lookup finder
            podcast radio broadcast
            newsletter email mailing
            billboard poster signage
            television cable satellite
            feed timeline social
            messenger chat sms
            magazine newspaper gazette
            """),
        Table("""
            10001 10011 10025 10036
            60601 60614 60622 60657
            90004 90012 90026 90045
            77002 77019 77024 77056
            33125 33130 33137 33156
            98101 98103 98115 98122
            80202 80205 80211 80220
            30303 30308 30312 30327
            """),
    ];

    /// <summary>Every word with its id, special tokens first: at most 256.</summary>
    public static IReadOnlyList<string> Vocabulary { get; } =
    [
        .. Specials,
        .. Labels,
        LabelMarker,
        DenseMarker,
        SparseMarker,
        ":",
        .. Enumerable.Range(-10, 21).Select(NetWord),
        .. Attributes,
        .. Fillers,
        .. Values.SelectMany(static attribute => attribute).SelectMany(static value => value),
    ];

    /// <summary>The word of a net balance: minus10 ... minus1, zero, plus1 ... plus10.</summary>
    public static string NetWord(int net) => net switch
    {
        < 0 => FormattableString.Invariant($"minus{-net}"),
        0 => "zero",
        _ => FormattableString.Invariant($"plus{net}"),
    };

    private static string[] Split(string words) => words.Split(' ');

    private static ImmutableArray<IReadOnlyList<string>> Table(string lines) => [.. lines.ReplaceLineEndings("\n").Split('\n').Select(Split)];
}
