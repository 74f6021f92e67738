using System.Text.Json;

namespace Sweeps.Benchmarks.Throughput;

/// <summary>The assignment that a stand-in has in hand.</summary>
internal sealed class StandInAttempt
{
    private readonly TaskCompletionSource _commanded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Reads it from a start frame.</summary>
    public StandInAttempt(JsonElement start)
    {
        var assignment = start.GetProperty("assignment");
        Job = assignment.GetProperty("job").GetString()!;
        Attempt = assignment.GetProperty("attempt").GetInt32();
        Directory = assignment.GetProperty("directory").GetString()!;
        foreach (var checkpoint in assignment.GetProperty("checkpoints").EnumerateArray())
        {
            ResumedFrom = Math.Max(ResumedFrom, checkpoint.GetProperty("step").GetInt32());
        }
    }

    /// <summary>The job, <c>SWEEP/train/12</c>.</summary>
    public string Job { get; }

    /// <summary>Whether it trains, and so writes a checkpoint.</summary>
    public bool Trains => Job.Contains("/train/", StringComparison.Ordinal);

    /// <summary>Whether it scores the test split.</summary>
    public bool Evaluates => Job.Contains("/evaluate/", StringComparison.Ordinal);

    /// <summary>Number of the job.</summary>
    public int Number => int.Parse(Job.AsSpan(Job.LastIndexOf('/') + 1), null);

    /// <summary>The attempt.</summary>
    public int Attempt { get; }

    /// <summary>Its folder.</summary>
    public string Directory { get; }

    /// <summary>Step of its newest checkpoint; 0 without one.</summary>
    public int ResumedFrom { get; }

    /// <summary>The command that it got, as the protocol writes it; null: none.</summary>
    public string? Wish { get; private set; }

    /// <summary>Ends with the first command.</summary>
    public Task Commanded => _commanded.Task;

    /// <summary>Ends with the answer to its offer.</summary>
    public TaskCompletionSource Answered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A command arrived.</summary>
    public void Command(string command)
    {
        Wish = command;
        _commanded.TrySetResult();
        if (command == "abandon")
        {
            Answered.TrySetResult();
        }
    }
}
