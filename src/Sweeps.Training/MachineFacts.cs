using System.Globalization;
using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace Sweeps.Training;

/// <summary>What is known of the process and machine that a trainer runs in.</summary>
public static class MachineFacts
{
    /// <summary>LibTorch, CPU capability and intra-op threads, e.g. <c>2.10.0 AVX512 1</c>: equal strings give equal bits.</summary>
    public static string Describe() => string.Create(
        CultureInfo.InvariantCulture, $"{Version.Parse(__version__).ToString(3)} {Capability()} {get_num_threads()}");

    /// <summary>Peak resident memory of this process, bytes (VmHWM); null where the system does not tell.</summary>
    public static long? PeakMemoryBytes()
    {
        const string Field = "VmHWM:";
        if (!File.Exists("/proc/self/status"))
        {
            return null;
        }

        var line = File.ReadLines("/proc/self/status").FirstOrDefault(text => text.StartsWith(Field, StringComparison.Ordinal));
        return line is not null
            && long.TryParse(line.AsSpan(Field.Length).Trim().TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes)
            ? kibibytes * 1024
            : null;
    }

    /// <summary>As LibTorch chooses its kernels: ATEN_CPU_CAPABILITY, else the best that the CPU has.</summary>
    private static string Capability() =>
        Environment.GetEnvironmentVariable("ATEN_CPU_CAPABILITY") is { Length: > 0 } asked ? asked.ToUpperInvariant()
        : Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported ? "AVX512"
        : Avx2.IsSupported && Fma.IsSupported ? "AVX2"
        : "DEFAULT";
}
