using System.Security.Cryptography;
using System.Text;

namespace Sweeps.Core.Homes;

/// <summary>The random token that CLI and silo share: whoever comes first makes it, mode 0600.</summary>
public static class HomeToken
{
    /// <summary>Reads the token, or makes it. Two processes at once end with the same one.</summary>
    /// <exception cref="IOException">The home cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The home cannot be written.</exception>
    public static string ReadOrCreate(SweepsHome home)
    {
        ArgumentNullException.ThrowIfNull(home);
        if (Read(home) is { } known)
        {
            return known;
        }

        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(home.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var temporary = $"{home.TokenFile}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))));
                file.Flush(flushToDisk: true);
            }

            // One that a power cut left empty is nobody's.
            if (File.Exists(home.TokenFile) && Read(home) is null)
            {
                File.Delete(home.TokenFile);
            }

            File.Move(temporary, home.TokenFile, overwrite: false);
        }
        catch (IOException) when (File.Exists(home.TokenFile))
        {
            File.Delete(temporary);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        return Read(home) ?? throw new IOException($"{home.TokenFile} is empty: remove it and try again");
    }

    /// <summary>The token, or null when there is none yet.</summary>
    public static string? Read(SweepsHome home)
    {
        ArgumentNullException.ThrowIfNull(home);
        try
        {
            var text = File.ReadAllText(home.TokenFile).Trim();
            return text.Length == 0 ? null : text;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
