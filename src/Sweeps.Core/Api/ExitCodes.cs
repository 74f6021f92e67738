namespace Sweeps.Core.Api;

/// <summary>What the exit codes of <c>sweeps</c> and of the silo mean; <c>sweeps --help</c> lists them.</summary>
public static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The sweep failed, or something unforeseen went wrong.</summary>
    public const int Failed = 1;

    /// <summary>A wrong option, spec or data set: nothing was started.</summary>
    public const int BadInput = 2;

    /// <summary>The home cannot be used: not writable, full, on a network file system, of a newer version, held by another silo.</summary>
    public const int BadHome = 3;

    /// <summary>The asked port is in use.</summary>
    public const int PortInUse = 4;

    /// <summary>No silo answers, and none may or can be started.</summary>
    public const int NoSilo = 5;

    /// <summary>No such sweep or trial.</summary>
    public const int NotFound = 6;

    /// <summary>A check failed (<c>doctor</c>), or the process has no Unicode data.</summary>
    public const int Unhealthy = 7;

    /// <summary>Left with Ctrl-C; what runs goes on.</summary>
    public const int Left = 130;
}
