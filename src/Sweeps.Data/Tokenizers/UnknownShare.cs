namespace Sweeps.Data.Tokenizers;

/// <summary>How much of a data set a base model's vocabulary does not know.</summary>
/// <param name="Unknown">Unknown tokens.</param>
/// <param name="All">All tokens, special ones that are added not counted.</param>
public readonly record struct UnknownShare(long Unknown, long All)
{
    /// <summary>A base whose vocabulary turns more than this share of a data set into unknown tokens is refused.</summary>
    public const double Limit = 0.05;

    /// <summary>The share, 0 to 1; 0 for no text.</summary>
    public double Value => All == 0 ? 0 : (double)Unknown / All;

    /// <summary>Counts over texts.</summary>
    public static UnknownShare Of(ITokenizer tokenizer, IEnumerable<string> texts)
    {
        long unknown = 0, all = 0;
        foreach (string text in texts)
        {
            UnknownCount count = tokenizer.CountUnknown(text);
            unknown += count.Unknown;
            all += count.All;
        }

        return new UnknownShare(unknown, all);
    }

    /// <summary>Refuses a base that does not know the words of the data.</summary>
    /// <param name="data">What the texts are called in the message.</param>
    /// <exception cref="DataException">More than <see cref="Limit"/> of the tokens are unknown.</exception>
    public void Check(string data)
    {
        if (Value > Limit)
        {
            throw new DataException(
                data,
                null,
                FormattableString.Invariant($"the base model's vocabulary does not know {100 * Value:0.0} % of these texts ({Unknown:N0} of {All:N0} tokens; the limit is {100 * Limit:0} %)"),
                "Choose a base model made for such texts (base: PATH to a Hugging Face folder)");
        }
    }
}
