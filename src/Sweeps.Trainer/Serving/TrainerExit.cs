namespace Sweeps.Trainer.Serving;

/// <summary>Exit codes of <c>Sweeps.Trainer</c>. PROTOCOL.md lists those of <c>train</c>.</summary>
internal static class TrainerExit
{
    /// <summary>Asked to end, or the worker closed the pipe.</summary>
    public const int Ok = 0;

    /// <summary>An attempt failed (its frame was sent), or a command could not do its work.</summary>
    public const int Failed = 1;

    /// <summary>Wrong arguments or input.</summary>
    public const int BadInput = 2;

    /// <summary>The peer speaks another version, or what it wrote is no frame.</summary>
    public const int Protocol = 3;

    /// <summary>The slot's lock is held by another process.</summary>
    public const int SlotTaken = 4;

    /// <summary>The worker was not heard for too long.</summary>
    public const int Unheard = 5;

    /// <summary>LibTorch does not load.</summary>
    public const int NoLibTorch = 6;

    /// <summary>The process has no Unicode data: texts would be tokenised wrongly.</summary>
    public const int NoUnicode = 7;
}
