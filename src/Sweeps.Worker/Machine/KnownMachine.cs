using Sweeps.Core.Homes;
using Sweeps.Core.Json;

namespace Sweeps.Worker.Machine;

/// <summary>
/// What the trainer said of this machine, written down so that a restarted worker asks for work before its first trainer
/// has loaded LibTorch. It holds for the same trainer in the same boot only.
/// </summary>
internal sealed class KnownMachine(WorkerOptions options)
{
    private readonly string _path = Path.Combine(options.Home.Slots, "machine.txt");

    /// <summary>The machine in the trainer's words; null when it is not known.</summary>
    public string? Read()
    {
        try
        {
            var known = SweepsJson.Read<Note>(File.ReadAllText(_path));
            return known.Trainer == Trainer() ? known.Machine : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes it down. It only saves time, so an error is none.</summary>
    public void Write(string machine)
    {
        try
        {
            Directory.CreateDirectory(options.Home.Slots);
            var temporary = _path + ".tmp";
            File.WriteAllText(temporary, SweepsJson.Write(new Note(Trainer(), machine)));
            File.Move(temporary, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next life asks again.
        }
    }

    /// <summary>The boot, the threads, and the files of the command with their times.</summary>
    private string Trainer() => string.Join(
        ' ',
        [
            ProcessIdentity.Current.BootId,
            $"{options.Threads}",
            .. options.TrainerCommand.Select(word => File.Exists(word) ? $"{word} {File.GetLastWriteTimeUtc(word).Ticks}" : word),
        ]);

    private sealed record Note(string Trainer, string Machine);
}
