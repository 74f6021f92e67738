using Microsoft.Extensions.Logging;

namespace Sweeps.Worker.Slots;

internal sealed partial class SlotLoop
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "{Job} was not granted: {Reason}")]
    private partial void LogRefused(string job, string? reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Slot {Slot}: {Job} met an error that nobody foresaw; the slot goes on")]
    private partial void LogUnforeseen(Exception error, int slot, string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Slot {Slot}: {Reason}")]
    private partial void LogNoStart(int slot, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Slot {Slot}: a call was not answered ({Reason}); it is repeated")]
    private partial void LogLost(int slot, string reason);
}
