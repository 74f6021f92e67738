using Sweeps.Cli;
using Sweeps.Cli.Commands;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Xunit;

namespace Sweeps.Tests.Cli;

/// <summary>What <c>sweeps best --export</c> refuses before a trainer starts.</summary>
public sealed class ModelExportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sweeps-export-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(null, true, false, "--merge says how a model is exported")]
    [InlineData(null, false, true, "--with-base says how a model is exported")]
    [InlineData("out", true, true, "--merge writes a whole model")]
    public void Options_that_mean_nothing_together_are_refused(string? folder, bool merge, bool withBase, string expected)
    {
        var refusal = Assert.Throws<CliException>(() => ModelExport.Check(folder, merge, withBase));
        Assert.Equal(ExitCodes.BadInput, refusal.ExitCode);
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, false, false)]
    [InlineData("out", true, false)]
    [InlineData("out", false, true)]
    public void Options_that_go_together_pass(string? folder, bool merge, bool withBase) => ModelExport.Check(folder, merge, withBase);

    [Theory]
    [InlineData("prefix")]
    [InlineData("prompt")]
    public async Task Virtual_tokens_cannot_be_merged(string method)
    {
        var target = Path.Combine(_folder, "out");
        var refusal = await Assert.ThrowsAsync<CliException>(() => ExportAsync(method, target, merge: true));
        Assert.Equal(ExitCodes.BadInput, refusal.ExitCode);
        Assert.Contains($"trial 2 was trained with {method}: virtual tokens cannot be folded into weights", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("leave --merge out", refusal.Fix, StringComparison.Ordinal);
        Assert.False(Directory.Exists(target));
    }

    [Fact]
    public async Task A_folder_with_something_in_it_is_left_alone()
    {
        var kept = Path.Combine(_folder, "mine.txt");
        await File.WriteAllTextAsync(kept, "mine", TestContext.Current.CancellationToken);
        var refusal = await Assert.ThrowsAsync<CliException>(() => ExportAsync("full", _folder, merge: false));
        Assert.Equal(ExitCodes.BadInput, refusal.ExitCode);
        Assert.Contains("is not empty", refusal.Message, StringComparison.Ordinal);
        Assert.Equal([kept], Directory.EnumerateFileSystemEntries(_folder));
    }

    private Task<int> ExportAsync(string method, string target, bool merge)
    {
        var settings = new TrialSettings
        {
            Base = "/a/base",
            Method = method,
            Template = "{text}",
            Data = new DataSettings { Labels = ["a", "b"] },
        };
        var trial = Samples.Trial(2, 0.9, method, "3e-3");
        var best = new BestReply(trial, SweepsJson.Write(settings), "/a/base", "/a/checkpoint", new string('c', 64), new BestTrial(2, true, trial.Best, null));
        return ModelExport.RunAsync(best, new SweepsHome(Path.Combine(_folder, "home")), target, merge, withBase: false, TestContext.Current.CancellationToken);
    }
}
