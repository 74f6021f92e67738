using System.Diagnostics;
using Sweeps.Cli;
using Sweeps.Cli.Launching;
using Sweeps.Core.Api;
using Sweeps.Core.Files;
using Sweeps.Data;
using Sweeps.Data.Readers;
using Sweeps.Tests.Storage;

namespace Sweeps.Tests.Cli;

/// <summary>Only files are read as files: a pipe without a writer would be waited for without end.</summary>
public sealed class FileKindTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_no_file_is_named()
    {
        File.WriteAllText(_folder["file"], "x");
        File.CreateSymbolicLink(_folder["link"], _folder["file"]);
        Assert.Null(FileKind.WhyNotRegular(_folder["file"]));
        Assert.Null(FileKind.WhyNotRegular(_folder["link"]));
        Assert.Null(FileKind.WhyNotRegular(_folder["nothing"]));
        Assert.Equal("a folder", FileKind.WhyNotRegular(_folder.Path));
        Assert.Equal("a device", FileKind.WhyNotRegular("/dev/zero"));
        Assert.Equal("a pipe", FileKind.WhyNotRegular(Pipe("fifo")));
    }

    [Fact]
    public void A_pipe_is_refused_as_spec_and_as_data()
    {
        var spec = Pipe("grid.yaml");
        var refusal = Assert.Throws<CliException>(() => SpecFile.Open(spec));
        Assert.Equal((ExitCodes.BadInput, $"{spec} is a pipe, not a file"), (refusal.ExitCode, refusal.Message));
        var rows = Pipe("rows.csv");
        var error = Assert.Throws<DataException>(() => DataReader.Read(rows));
        Assert.Contains("this is a pipe, not a file", error.Message, StringComparison.Ordinal);
    }

    private string Pipe(string name)
    {
        using var make = Process.Start("mkfifo", [_folder[name]]);
        make.WaitForExit();
        return _folder[name];
    }
}
