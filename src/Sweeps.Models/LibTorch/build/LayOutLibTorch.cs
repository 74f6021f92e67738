// Compiled by LibTorch.targets as an inline MSBuild task, not part of the assembly.
using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Puts LibTorch and TorchSharp's native half into one folder. LibTorch's files are hard links into the package cache
/// (a copy where links are impossible); TorchSharp's library is a copy whose need of GLIBCXX_3.4.32 is marked weak.
/// Every file is made under a temporary name and renamed, so that parallel builds cannot see half a file.
/// </summary>
public class LayOutLibTorch : Task
{
    private const string Version = "GLIBCXX_3.4.32";
    private const string HarmlessSymbol = "_ZSt21ios_base_library_initv";

    [Required]
    public ITaskItem[] Libraries { get; set; }

    [Required]
    public string TorchSharpLibrary { get; set; }

    [Required]
    public string Target { get; set; }

    public override bool Execute()
    {
        try
        {
            Directory.CreateDirectory(Target);
            foreach (var library in Libraries)
            {
                var source = library.GetMetadata("FullPath");
                var target = Path.Combine(Target, Path.GetFileName(source));
                Place(target, part => LinkOrCopy(source, part));
            }

            var bytes = File.ReadAllBytes(TorchSharpLibrary);
            MarkWeak(bytes);
            Place(Path.Combine(Target, Path.GetFileName(TorchSharpLibrary)), part => File.WriteAllBytes(part, bytes));
            return true;
        }
        catch (Exception error) when (error is IOException || error is UnauthorizedAccessException || error is InvalidDataException)
        {
            Log.LogError("LibTorch cannot be laid out in {0}: {1}", Target, error.Message);
            return false;
        }
    }

    private static void Place(string target, Action<string> make)
    {
        var part = target + "." + Guid.NewGuid().ToString("N") + ".part";
        make(part);
        if (rename(part, target) != 0)
        {
            File.Delete(part);
            throw new IOException("rename to " + target + " failed (errno " + Marshal.GetLastWin32Error() + ")");
        }

        // Renaming onto another hard link of the same file succeeds and does nothing.
        File.Delete(part);
    }

    private static void LinkOrCopy(string source, string target)
    {
        if (link(source, target) != 0)
        {
            File.Copy(source, target);
        }
    }

    /// <summary>
    /// Sets VER_FLG_WEAK on the need of <see cref="Version"/>. GCC 13's iostream header names one symbol of that version
    /// without using it, and older C++ runtimes (Debian 12, Ubuntu 22.04) refuse the library for it alone.
    /// </summary>
    private void MarkWeak(byte[] elf)
    {
        if (elf.Length < 64 || elf[0] != 0x7f || elf[1] != 'E' || elf[4] != 2 || elf[5] != 1)
        {
            throw new InvalidDataException("not a 64-bit little-endian ELF file: " + TorchSharpLibrary);
        }

        int needs = -1, needsNames = 0, symbols = 0, symbolCount = 0, symbolNames = 0, versions = 0;
        var sections = (int)BitConverter.ToInt64(elf, 0x28);
        int size = BitConverter.ToUInt16(elf, 0x3a), count = BitConverter.ToUInt16(elf, 0x3c);
        for (var i = 0; i < count; i++)
        {
            var section = sections + (i * size);
            var kind = BitConverter.ToUInt32(elf, section + 4);
            var offset = (int)BitConverter.ToInt64(elf, section + 24);
            var names = (int)BitConverter.ToInt64(elf, sections + (BitConverter.ToInt32(elf, section + 40) * size) + 24);
            switch (kind)
            {
                case 0x6ffffffe: (needs, needsNames) = (offset, names); break;
                case 0x6fffffff: versions = offset; break;
                case 11:
                    (symbols, symbolNames) = (offset, names);
                    symbolCount = (int)(BitConverter.ToInt64(elf, section + 32) / 24);
                    break;
                default: break;
            }
        }

        for (var need = needs; need >= 0;)
        {
            var entry = need + (int)BitConverter.ToUInt32(elf, need + 8);
            for (int left = BitConverter.ToUInt16(elf, need + 2); left > 0; left--)
            {
                if (Text(elf, needsNames + BitConverter.ToInt32(elf, entry + 8)) == Version)
                {
                    var index = BitConverter.ToUInt16(elf, entry + 6);
                    for (var s = 0; s < symbolCount; s++)
                    {
                        var name = Text(elf, symbolNames + BitConverter.ToInt32(elf, symbols + (s * 24)));
                        if ((BitConverter.ToUInt16(elf, versions + (s * 2)) & 0x7fff) == index && name != HarmlessSymbol)
                        {
                            Log.LogWarning("{0} uses {1} of {2}: left as it is", TorchSharpLibrary, name, Version);
                            return;
                        }
                    }

                    elf[entry + 4] |= 2;
                }

                entry += BitConverter.ToInt32(elf, entry + 12);
            }

            var next = BitConverter.ToInt32(elf, need + 12);
            need = next == 0 ? -1 : need + next;
        }
    }

    private static string Text(byte[] elf, int offset)
    {
        return Encoding.ASCII.GetString(elf, offset, Array.IndexOf(elf, (byte)0, offset) - offset);
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int link(string from, string to);

    [DllImport("libc", SetLastError = true)]
    private static extern int rename(string from, string to);
}
