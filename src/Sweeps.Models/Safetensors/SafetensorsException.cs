namespace Sweeps.Models.Safetensors;

/// <summary>A safetensors file (or its index) breaks the format. The message names the file and the fault.</summary>
public sealed class SafetensorsException : Exception
{
    /// <summary>Creates the exception for <paramref name="file"/>.</summary>
    public SafetensorsException(string file, string fault, Exception? inner = null)
        : base($"{file}: {fault}", inner)
    {
    }
}
