using Sweeps.Cli;
using Sweeps.Cli.Commands;
using Sweeps.Cli.Hosting;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Tests.Storage;

namespace Sweeps.Tests.Cli;

/// <summary>The home as commands see it.</summary>
public sealed class HomeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("/tmp/plain-1.x", " --home /tmp/plain-1.x")]
    [InlineData("/tmp/with space", " --home '/tmp/with space'")]
    [InlineData("/tmp/it's", " --home '/tmp/it'\\''s'")]
    [InlineData("/tmp/$(x)", " --home '/tmp/$(x)'")]
    public void A_home_is_quoted_for_the_shell(string root, string expected) =>
        Assert.Equal(expected, new SweepsHome(root).OnCommandLine());

    [Fact]
    public void The_default_home_needs_no_words() => Assert.Equal(string.Empty, SweepsHome.Default().OnCommandLine());

    [Fact]
    public void The_reminder_counts_and_names_the_home()
    {
        var home = new SweepsHome(_folder.Path);
        Assert.Null(Reminder.Line(home));
        UnfinishedSweeps.Write(home, [("a-1", false)]);
        Assert.Equal($"1 unfinished sweep: sweeps up --home {home.Root}", Reminder.Line(home));
        UnfinishedSweeps.Write(home, [("a-1", false), ("b-2", true)]);
        Assert.Equal($"2 unfinished sweeps, 1 of them paused: sweeps up --home {home.Root}", Reminder.Line(home));
        Assert.Equal(["a-1", "b-2"], Reminder.Unfinished(home));
        UnfinishedSweeps.Write(home, []);
        Assert.Null(Reminder.Line(home));
    }

    [Fact]
    public void A_home_in_a_file_is_explained()
    {
        File.WriteAllText(_folder["file"], "x");
        var trouble = HomeTrouble.Probe(new SweepsHome(_folder["file/home"]));
        Assert.Equal(ExitCodes.BadHome, trouble?.ExitCode);
        Assert.Contains($"{_folder["file"]} is a file, not a folder", trouble!.Message, StringComparison.Ordinal);
        Assert.Null(HomeTrouble.Probe(new SweepsHome(_folder["not/yet/there"])));
        Assert.Empty(Directory.GetDirectories(_folder.Path));
    }

    [Theory]
    [InlineData(28, "its disk is full")]
    [InlineData(30, "mounted read-only")]
    public void What_the_system_says_is_put_in_words(int error, string expected)
    {
        var refusal = HomeTrouble.Of(new SweepsHome(_folder.Path), new IOException("x.9e0fe98 : 'nobody knows'", error));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("9e0fe98", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Copies_made_at_once_are_one_and_whole()
    {
        var home = new SweepsHome(_folder["home"]);
        foreach (var name in new[] { "silo", "trainer" })
        {
            Directory.CreateDirectory(_folder[name]);
            for (var i = 0; i < 50; i++)
            {
                File.WriteAllText(_folder[$"{name}/{i}.dll"], name);
            }
        }

        var builds = new Builds(_folder["silo"], _folder["trainer"]);
        var copies = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => HomeCopy.EnsureAsync(home, builds, "fedcba9876543210", Token)));

        Assert.Single(copies.Distinct());
        Assert.Equal(50, Directory.GetFiles(copies[0].Trainer).Length);
        Assert.Single(Directory.GetDirectories(home.Bin));
    }

    [Fact]
    public async Task The_copy_of_a_service_outlives_newer_ones()
    {
        var home = new SweepsHome(_folder["home"]);
        Directory.CreateDirectory(_folder["silo"]);
        Directory.CreateDirectory(_folder["trainer"]);
        File.WriteAllText(_folder["silo/Sweeps.Silo.dll"], "silo");
        var builds = new Builds(_folder["silo"], _folder["trainer"]);
        await HomeCopy.EnsureAsync(home, builds, "0000000000000000", Token);
        var kept = HomeCopy.KeepForService(home, "0000000000000000");
        for (var i = 1; i <= 6; i++)
        {
            await HomeCopy.EnsureAsync(home, builds, new string((char)('0' + i), 16), Token);
        }

        Assert.True(File.Exists(kept.SiloProgram));
        Assert.True(Directory.Exists(Path.Combine(home.Bin, "0000000000000000")));
        Assert.False(Directory.Exists(Path.Combine(home.Bin, "1111111111111111")));
    }

    [Theory]
    [InlineData("lib/sweeps/mine")]
    [InlineData("bin/sweeps")]
    public void What_is_not_ours_is_neither_replaced_nor_removed(string foreign)
    {
        InstallCommands.RefuseForeign(_folder.Path, _folder["lib/sweeps"]);
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[foreign])!);
        File.WriteAllText(_folder[foreign], "#!/bin/sh\necho mine\n");
        var refusal = Assert.Throws<CliException>(() => InstallCommands.RefuseForeign(_folder.Path, _folder["lib/sweeps"]));
        Assert.Equal(ExitCodes.BadInput, refusal.ExitCode);
    }

    [Fact]
    public void Each_home_has_its_own_unit()
    {
        Assert.Equal("sweeps", SystemdUnit.Name(SweepsHome.Default()));
        var other = SystemdUnit.Name(new SweepsHome("/data/one"));
        Assert.Matches("^sweeps-[0-9a-f]{8}$", other);
        Assert.NotEqual(other, SystemdUnit.Name(new SweepsHome("/data/two")));
    }

    [Fact]
    public async Task A_copy_that_fails_leaves_nothing_and_what_others_left_goes()
    {
        var home = new SweepsHome(_folder["home"]);
        Directory.CreateDirectory(_folder["silo"]);
        File.WriteAllText(_folder["silo/Sweeps.Silo.dll"], "silo");
        var left = Directory.CreateDirectory(Path.Combine(home.Bin, ".0123456789abcdef.2147483000")).FullName;
        File.WriteAllText(Path.Combine(left, "half"), "half");
        var shared = Directory.CreateDirectory(Path.Combine(home.Bin, "libtorch-2.10.0")).FullName;

        // The trainer's build is not there: the copy breaks in its middle.
        await Assert.ThrowsAnyAsync<IOException>(() => HomeCopy.EnsureAsync(home, new Builds(_folder["silo"], _folder["trainer"]), "fedcba9876543210", Token));
        Assert.Equal([shared], Directory.GetDirectories(home.Bin));

        Directory.CreateDirectory(_folder["trainer"]);
        File.WriteAllText(_folder["trainer/Sweeps.Trainer.dll"], "trainer");
        var copy = await HomeCopy.EnsureAsync(home, new Builds(_folder["silo"], _folder["trainer"]), "fedcba9876543210", Token);
        Assert.Equal("silo", File.ReadAllText(copy.SiloProgram));
        Assert.Equal("trainer", File.ReadAllText(copy.TrainerProgram));
    }
}
