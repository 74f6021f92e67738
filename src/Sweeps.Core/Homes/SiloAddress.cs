namespace Sweeps.Core.Homes;

/// <summary>The content of <c>silo.json</c>: how to reach the silo that holds the home.</summary>
/// <param name="Url">Base URL of HTTP, e.g. <c>http://127.0.0.1:41873</c>.</param>
/// <param name="ProcessId">Its process id.</param>
/// <param name="StartTime">Start time of that process in clock ticks since boot (field 22 of /proc/PID/stat): a pid may be reused.</param>
/// <param name="Version">Version and build hash of the silo.</param>
/// <param name="Stays">Whether <c>up</c> (or a service manager) started it: it then does not end after its last sweep.</param>
/// <param name="Options">How it was started: who starts it again after its death does so likewise. Null: by defaults.</param>
public sealed record SiloAddress(
    string Url, int ProcessId, long StartTime, string Version, bool Stays, SiloStartOptions? Options = null);
