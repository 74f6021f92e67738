using Sweeps.Core.Trainer;

namespace Sweeps.Worker.Trainers;

/// <summary>A trainer that said hello. One reader at a time; writes may come from anywhere.</summary>
internal interface ITrainer : IAsyncDisposable
{
    /// <summary>Its first words.</summary>
    TrainerHello Hello { get; }

    /// <summary>Ends with the process.</summary>
    Task<TrainerExit> Exited { get; }

    /// <summary>The next frame; null when the pipe or the process ended.</summary>
    /// <exception cref="InvalidDataException">The bytes are no frame.</exception>
    ValueTask<Frame?> ReadAsync();

    /// <summary>Sends a frame.</summary>
    /// <exception cref="IOException">The trainer is gone.</exception>
    ValueTask WriteAsync(Frame frame);

    /// <summary>SIGKILL.</summary>
    void Kill();

    /// <summary>CPU time used so far, in any unit; null when it is gone.</summary>
    long? CpuTicks();

    /// <summary>Resident bytes; null when it is gone.</summary>
    long? ResidentBytes();
}

/// <summary>How a trainer ended.</summary>
/// <param name="Code">Exit code; 128 + signal when a signal ended it.</param>
/// <param name="ForMemory">The kernel ended it for memory, or an allocation failed.</param>
/// <param name="LastWords">The end of what it wrote to standard error.</param>
internal sealed record TrainerExit(int Code, bool ForMemory, string LastWords)
{
    /// <summary>The end in words, e.g. <c>the trainer was ended by signal 9 (SIGKILL)</c>.</summary>
    public string Describe()
    {
        var how = Code > 128
            ? $"the trainer was ended by signal {Code - 128}{SignalName(Code - 128)}"
            : $"the trainer ended with code {Code}";
        var words = LastWords.Trim();
        var line = words[(words.LastIndexOf('\n') + 1)..].Trim();
        return (ForMemory ? how + ", out of memory" : how)
            + (line.Length == 0 ? string.Empty : $"; its last words: {(line.Length > 400 ? line[..400] : line)}");
    }

    private static string SignalName(int signal) => signal switch
    {
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        _ => string.Empty,
    };
}

/// <summary>Starts trainers.</summary>
internal interface ITrainerLauncher
{
    /// <summary>Starts the trainer of a slot and exchanges hellos.</summary>
    /// <exception cref="TrainerStartException">It does not start.</exception>
    Task<ITrainer> StartAsync(int slot, CancellationToken cancellation);
}

/// <summary>A trainer does not start; the message says why, for people.</summary>
internal sealed class TrainerStartException(string message, bool forMemory = false, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>For want of memory.</summary>
    public bool ForMemory => forMemory;
}
