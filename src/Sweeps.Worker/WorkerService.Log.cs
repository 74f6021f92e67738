using Microsoft.Extensions.Logging;

namespace Sweeps.Worker;

public sealed partial class WorkerService
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {Name} registered: incarnation {Incarnation}, {Slots} slots, {Machine}")]
    private partial void LogRegistered(string name, long incarnation, int slots, string machine);

    [LoggerMessage(Level = LogLevel.Information, Message = "Ended {Count} trainers of a former life")]
    private partial void LogFormerEnded(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Slot {Slot} is set aside: {Reason}")]
    private partial void LogQuarantined(int slot, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No trainer starts: {Reason}")]
    private partial void LogNoTrainer(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The registration was not answered and is repeated: {Reason}")]
    private partial void LogNotRegistered(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Incarnation {Incarnation} is not the current one any more: everything held is given up")]
    private partial void LogStale(long incarnation);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The dispatcher was not told of the drain: {Reason}")]
    private partial void LogNotLeft(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Draining: {Count} attempts write a checkpoint and are given back")]
    private partial void LogDraining(int count);
}
