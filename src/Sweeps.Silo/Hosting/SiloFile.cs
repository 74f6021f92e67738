using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using SiloAddress = Sweeps.Core.Homes.SiloAddress;

namespace Sweeps.Silo.Hosting;

/// <summary>Says in the home where its silo can be reached.</summary>
internal static class SiloFile
{
    /// <summary>Writes the address, whole or not at all.</summary>
    public static void Write(SweepsHome home, SiloAddress address)
    {
        var temporary = $"{home.SiloFile}.{address.ProcessId}";
        File.WriteAllText(temporary, SweepsJson.Write(address));
        File.Move(temporary, home.SiloFile, overwrite: true);
    }

    /// <summary>Removes what a killed silo left: this process holds the home, so no other address can be true.</summary>
    public static void RemoveFormer(SweepsHome home) => File.Delete(home.SiloFile);

    /// <summary>Removes this process's address; another's stays.</summary>
    public static void Remove(SweepsHome home)
    {
        try
        {
            if (SweepsJson.Read<SiloAddress>(File.ReadAllText(home.SiloFile)).ProcessId == Environment.ProcessId)
            {
                File.Delete(home.SiloFile);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            // A file that names a dead process misleads nobody: readers check the process.
        }
    }
}
