namespace Sweeps.Data.Templates;

/// <summary>A row as the model reads it.</summary>
/// <param name="InputIds">Token ids with special tokens, at most the length asked for, without padding.</param>
/// <param name="TruncatedTokens">How many tokens of the fields were left out to keep the length.</param>
public sealed record EncodedExample(int[] InputIds, int TruncatedTokens);

/// <summary>Which part of a field that is too long is kept.</summary>
public enum Keep
{
    /// <summary>Its beginning (the default).</summary>
    Head,

    /// <summary>Its end.</summary>
    Tail,

    /// <summary>Its middle; as much is cut in front as behind.</summary>
    Middle,
}
