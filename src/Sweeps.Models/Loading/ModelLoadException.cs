namespace Sweeps.Models.Loading;

/// <summary>A model folder cannot be used: unknown type, bad config.json, or weights that do not fit it.</summary>
public sealed class ModelLoadException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ModelLoadException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
