namespace Sweeps.Abstractions;

/// <summary>
/// The ledger did not answer, so the outcome of the call is unknown. The grain forgets what it remembered and reads
/// again; the caller repeats the call with the same number, which changes nothing when it was done already.
/// </summary>
[GenerateSerializer]
public sealed class OutcomeUnknownException : Exception
{
    /// <summary>The disk that holds the ledger is full; null: another cause.</summary>
    [Id(0)]
    public string? DiskFull { get; init; }

    /// <summary>Name of the exception's type that caused it: the exception itself stays with the grain's log.</summary>
    [Id(1)]
    public string? Cause { get; init; }

    /// <summary>Says so.</summary>
    public OutcomeUnknownException()
        : base("the outcome is unknown: repeat the call")
    {
    }

    /// <summary>Says so.</summary>
    public OutcomeUnknownException(string message)
        : base(message)
    {
    }

    /// <summary>Says so, with the store's own error.</summary>
    public OutcomeUnknownException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
