namespace Sweeps.Models.Heads;

/// <summary>Which vector of a text a linear head reads.</summary>
public enum HeadPooling
{
    /// <summary>The last token that is not padding: decoders.</summary>
    Last,

    /// <summary>The first token, [CLS], without the family's pooler.</summary>
    Cls,

    /// <summary>The first token through the family's pooler: what Hugging Face's classifiers of most encoders do.</summary>
    Pooled,

    /// <summary>The mean of the attended tokens.</summary>
    Mean,
}
