namespace Sweeps.Models;

/// <summary>LibTorch is missing or does not load. The message says how to mend it.</summary>
public sealed class TorchRuntimeException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TorchRuntimeException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
