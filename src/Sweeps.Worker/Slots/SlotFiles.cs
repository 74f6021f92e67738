using System.Diagnostics;
using System.Globalization;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;

namespace Sweeps.Worker.Slots;

/// <summary>
/// The slots' files: <c>slots/N.json</c> says which process is the slot's trainer, <c>slots/N.lock</c> is locked (flock)
/// by that trainer for as long as it lives. The worker itself holds no lock: it only tries whether it is free, because
/// the trainer's life is what counts.
/// </summary>
internal sealed class SlotFiles(SweepsHome home)
{
    /// <summary>Writes down a slot's trainer, and lets memory take it before the silo.</summary>
    public void Record(int slot, int processId)
    {
        if (ProcessIdentity.Of(processId) is not { } life)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(home.Slots);
            var temporary = JsonPath(slot) + ".tmp";
            File.WriteAllText(temporary, SweepsJson.Write(life));
            File.Move(temporary, JsonPath(slot), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk: the trainer's lock and the end of its input are left to find and to end it.
        }

        try
        {
            File.WriteAllText($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/oom_score_adj", "1000");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended, or the kernel does not let us.
        }
    }

    /// <summary>Kills every recorded trainer of a former life that is still the same process. Returns how many.</summary>
    public int EndFormerTrainers()
    {
        var ended = 0;
        if (!Directory.Exists(home.Slots))
        {
            return ended;
        }

        foreach (var path in Directory.EnumerateFiles(home.Slots, "*.json"))
        {
            if (Read(path) is { } life && life.IsAlive() && KillNow(life))
            {
                ended++;
            }

            File.Delete(path);
        }

        return ended;
    }

    /// <summary>Whether no trainer holds the slot.</summary>
    public bool IsFree(int slot)
    {
        Directory.CreateDirectory(home.Slots);
        try
        {
            // FileShare.None is an exclusive flock on Linux; it is given back at once.
            using var file = new FileStream(LockPath(slot), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Waits until the slot is free.</summary>
    /// <returns>Null, or why it is not free after <paramref name="wait"/>.</returns>
    public async Task<string?> WaitFreeAsync(int slot, TimeSpan wait, TimeProvider clock, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        while (!IsFree(slot))
        {
            if (clock.GetElapsedTime(began) >= wait)
            {
                return $"another process holds {LockPath(slot)} (find it with: fuser {LockPath(slot)})";
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), clock, cancellation).ConfigureAwait(false);
        }

        return null;
    }

    private static ProcessIdentity? Read(string path)
    {
        try
        {
            return SweepsJson.Read<ProcessIdentity>(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or System.Text.Json.JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool KillNow(ProcessIdentity life)
    {
        try
        {
            using var process = Process.GetProcessById(life.ProcessId);
            process.Kill();
            return true;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private string JsonPath(int slot) => Path.Combine(home.Slots, slot.ToString(CultureInfo.InvariantCulture) + ".json");

    private string LockPath(int slot) => Path.Combine(home.Slots, slot.ToString(CultureInfo.InvariantCulture) + ".lock");
}
