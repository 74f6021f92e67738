namespace Sweeps.Worker.Slots;

/// <summary>Why leasing pauses.</summary>
internal static class CloseReasons
{
    public const string Disk = "disk";

    public const string Registration = "registration";
}
