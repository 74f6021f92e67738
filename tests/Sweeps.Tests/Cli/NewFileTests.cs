using Sweeps.Cli;
using Sweeps.Cli.Commands;
using Sweeps.Core.Api;
using Xunit;

namespace Sweeps.Tests.Cli;

/// <summary>A file that a command writes at its end is tried at its beginning.</summary>
public sealed class NewFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sweeps-file-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_place_that_can_be_written_passes_and_stays_empty()
    {
        var file = Path.Combine(_folder, "p.csv");
        Assert.Equal(file, Arguments.NewFile("--predictions", file));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("there.csv", "is there already")]
    [InlineData("", "is a folder")]
    [InlineData("none/p.csv", "cannot be written: its folder does not exist")]
    [InlineData("there.csv/p.csv", "cannot be written")]
    public void Another_is_refused_with_the_option_to_change(string name, string expected)
    {
        var there = Path.Combine(_folder, "there.csv");
        File.WriteAllText(there, "mine");

        var refusal = Assert.Throws<CliException>(() => Arguments.NewFile("--predictions", Path.Combine(_folder, name)));
        Assert.Equal(ExitCodes.BadInput, refusal.ExitCode);
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("--predictions", refusal.Fix, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(there));
    }
}
