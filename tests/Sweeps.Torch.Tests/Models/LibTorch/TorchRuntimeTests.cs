using System.Text;
using Sweeps.Models;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.LibTorch;

public sealed class TorchRuntimeTests
{
    [Fact]
    public void A_tensor_operation_runs_on_the_laid_out_LibTorch()
    {
        using var sum = (tensor(new[] { 1f, 2f }) + tensor(new[] { 3f, 4f })).sum();

        Assert.Equal(10f, sum.item<float>());
        Assert.NotNull(TorchRuntime.LoadedFrom);
        Assert.True(File.Exists(Path.Combine(TorchRuntime.LoadedFrom, "libtorch_cpu.so")));
    }

    [Fact]
    public void Only_one_TorchSharp_library_is_mapped_and_its_need_of_the_newer_CXX_runtime_is_weak()
    {
        var mapped = File.ReadLines("/proc/self/maps")
            .Where(line => line.EndsWith("libLibTorchSharp.so", StringComparison.Ordinal))
            .Select(line => line[line.IndexOf('/', StringComparison.Ordinal)..])
            .Distinct();

        var needs = VersionNeeds(File.ReadAllBytes(Assert.Single(mapped)));

        Assert.Equal(2, needs["GLIBCXX_3.4.32"] & 2);
        Assert.Equal(0, needs["GLIBCXX_3.4.21"] & 2);
        Assert.False(Directory.Exists(Path.Combine(AppContext.BaseDirectory, "runtimes")));
    }

    /// <summary>Version name to flags, read from .gnu.version_r.</summary>
    private static Dictionary<string, int> VersionNeeds(byte[] elf)
    {
        var sections = (int)BitConverter.ToInt64(elf, 0x28);
        int size = BitConverter.ToUInt16(elf, 0x3a), count = BitConverter.ToUInt16(elf, 0x3c);
        int Offset(int section) => (int)BitConverter.ToInt64(elf, sections + (section * size) + 24);
        var found = Enumerable.Range(0, count)
            .Single(i => BitConverter.ToUInt32(elf, sections + (i * size) + 4) == 0x6ffffffe);
        var names = Offset(BitConverter.ToInt32(elf, sections + (found * size) + 40));
        var needs = new Dictionary<string, int>();
        for (var need = Offset(found); ; need += BitConverter.ToInt32(elf, need + 12))
        {
            var entry = need + BitConverter.ToInt32(elf, need + 8);
            for (int left = BitConverter.ToUInt16(elf, need + 2); left > 0; left--)
            {
                var at = names + BitConverter.ToInt32(elf, entry + 8);
                var name = Encoding.ASCII.GetString(elf, at, Array.IndexOf(elf, (byte)0, at) - at);
                needs[name] = BitConverter.ToUInt16(elf, entry + 4);
                entry += BitConverter.ToInt32(elf, entry + 12);
            }

            if (BitConverter.ToInt32(elf, need + 12) == 0)
            {
                return needs;
            }
        }
    }
}
