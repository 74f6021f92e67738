using System.Diagnostics;
using Sweeps.Chaos.Tests.Kill;

namespace Sweeps.Chaos.Tests.Unicode;

/// <summary>A process without Unicode data would tokenise wrongly: the real trainer, silo and command refuse to start.</summary>
public sealed class InvariantStartTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("sweeps-invariant").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]
    [InlineData("Sweeps.Trainer", "Sweeps.Trainer.dll", "train")]
    [InlineData("Sweeps.Silo", "Sweeps.Silo.dll")]
    [InlineData("Sweeps.Cli", "sweeps.dll", "up")]
    public async Task A_process_without_Unicode_data_refuses_to_start_and_says_how_to_mend_it(string project, string file, params string[] arguments)
    {
        var (code, error) = await RunAsync(project, file, arguments, invariant: true);

        Assert.Equal(7, code);
        Assert.Contains("Unicode normalisation is off in this process", error, StringComparison.Ordinal);
        Assert.Contains("unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_home));
    }

    [Theory]
    [InlineData("Sweeps.Trainer", "Sweeps.Trainer.dll", "--help")]
    [InlineData("Sweeps.Cli", "sweeps.dll", "--help")]
    public async Task With_Unicode_data_it_starts(string project, string file, params string[] arguments)
    {
        var (code, error) = await RunAsync(project, file, arguments, invariant: false);

        Assert.Equal(0, code);
        Assert.Equal("", error);
    }

    private async Task<(int Code, string Error)> RunAsync(string project, string file, string[] arguments, bool invariant)
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var program = Path.Combine(here, "..", "..", project, Path.GetFileName(here), file);
        var start = new ProcessStartInfo(Product.Dotnet(), [program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        start.Environment["SWEEPS_HOME"] = _home;
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = invariant ? "1" : "0";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await output;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, error);
    }
}
