using System.Diagnostics;
using Xunit;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>Real weights, unpacked once below artifacts/ (or where SWEEPS_TEST_MODELS says).</summary>
internal static class RealModels
{
    private static readonly Lock Gate = new();

    public static string Folder()
    {
        var script = SharedFiles.Need("models/unpack");
        Assert.SkipUnless(File.Exists("/usr/bin/xz") || File.Exists("/bin/xz"), "needs xz to unpack the model folder");
        var target = Environment.GetEnvironmentVariable("SWEEPS_TEST_MODELS")
            ?? Path.Combine(SharedFiles.RepositoryRoot(), "artifacts", "test-models");
        lock (Gate)
        {
            using var process = Process.Start(new ProcessStartInfo(script, [target]) { RedirectStandardOutput = true })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }

        return target;
    }
}
