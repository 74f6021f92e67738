namespace Sweeps.Data.Tokenizers;

/// <summary>What stands at a place of an input of two texts.</summary>
internal enum PairPartKind
{
    Special,
    First,
    Second,
}

/// <summary>A part of an input of two texts.</summary>
/// <param name="Kind">One of the texts, or a special token.</param>
/// <param name="Id">The special token's id; 0 for a text.</param>
/// <param name="TypeId">The segment of its ids.</param>
internal readonly record struct PairPart(PairPartKind Kind, int Id, int TypeId)
{
    /// <summary>The two texts and nothing else, as where a file says nothing about pairs.</summary>
    public static PairPart[] Plain { get; } = [new(PairPartKind.First, 0, 0), new(PairPartKind.Second, 0, 1)];

    /// <summary>[CLS] first [SEP] second [SEP].</summary>
    public static PairPart[] Bert(int cls, int sep) =>
        [new(PairPartKind.Special, cls, 0), new(PairPartKind.First, 0, 0), new(PairPartKind.Special, sep, 0), new(PairPartKind.Second, 0, 1), new(PairPartKind.Special, sep, 1)];

    /// <summary>&lt;s&gt; first &lt;/s&gt;&lt;/s&gt; second &lt;/s&gt;, all one segment.</summary>
    public static PairPart[] Roberta(int cls, int sep) =>
    [
        new(PairPartKind.Special, cls, 0), new(PairPartKind.First, 0, 0), new(PairPartKind.Special, sep, 0),
        new(PairPartKind.Special, sep, 0), new(PairPartKind.Second, 0, 0), new(PairPartKind.Special, sep, 0),
    ];
}
