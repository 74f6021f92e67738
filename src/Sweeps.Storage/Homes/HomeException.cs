namespace Sweeps.Storage.Homes;

/// <summary>A home that cannot be used: the message names the folder, why, and the fix.</summary>
public sealed class HomeException : IOException
{
    /// <summary>Says so.</summary>
    public HomeException()
        : base("the home cannot be used")
    {
    }

    /// <summary>Says so.</summary>
    public HomeException(string message)
        : base(message)
    {
    }

    /// <summary>Says so, with the cause.</summary>
    public HomeException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
