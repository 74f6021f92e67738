namespace Sweeps.Data.Tokenizers;

/// <summary>The special tokens of a tokenizer and where they stand around a text.</summary>
internal sealed record SpecialIds
{
    public int? Bos { get; init; }

    public int? Eos { get; init; }

    public int? Pad { get; init; }

    public int? Unk { get; init; }

    public int? Cls { get; init; }

    public int? Sep { get; init; }

    public int[] Prefix { get; init; } = [];

    public int[] Suffix { get; init; } = [];

    public PairPart[] Pair { get; init; } = PairPart.Plain;
}
