using System.Collections.Frozen;

namespace Sweeps.Storage.Homes;

/// <summary>File systems that a home must not lie on: WAL needs shared memory and locks that hold, which these do not give.</summary>
internal static class FileSystems
{
    // f_type of statfs(2), from linux/magic.h and the drivers' sources.
    private static readonly FrozenDictionary<long, string> Unsafe = new Dictionary<long, string>
    {
        [0x6969] = "NFS",
        [0x517B] = "SMB",
        [0xFF534D42] = "CIFS",
        [0xFE534D42] = "SMB2",
        [0x65735546] = "FUSE",
        [0x01021997] = "9p (a Windows drive under WSL2, or a folder of the host)",
        [0x5346414F] = "AFS",
        [0x00C36400] = "CephFS",
        [0x0BD00BD0] = "Lustre",
        [0x01161970] = "GFS2",
        [0x7461636F] = "OCFS2",
        [0x786F4256] = "VirtualBox shared folder",
        [0xBACBACBC] = "VMware shared folder",
        [0x4D44] = "FAT",
        [0x2011BAB0] = "exFAT",
        [0x5346544E] = "NTFS",
        [0x7366746E] = "NTFS",
    }.ToFrozenDictionary();

    /// <summary>The name of the file system when it is a network or foreign one; null when a home may lie on it.</summary>
    public static string? WhyUnsafe(long type) => Unsafe.GetValueOrDefault(type & 0xFFFFFFFF);
}
