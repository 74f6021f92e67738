using System.Text.RegularExpressions;
using Sweeps.Core.Trainer;
using Xunit;

namespace Sweeps.Chaos.Tests.Trainer;

/// <summary>What a kill cannot show: the order of system calls, and a disk that is full.</summary>
public sealed class CheckpointDurabilityTests : IDisposable
{
    private readonly TrainerWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Every_file_is_synced_then_renamed_then_the_folder_synced_before_the_offer()
    {
        const string Strace = "/usr/bin/strace";
        Assert.SkipUnless(File.Exists(Strace), "needs strace (apt-get install strace)");
        var log = Path.Combine(_place.Root, "trace");
        await using var worker = await ScriptedWorker.StartAsync(
            null, [Strace, "-f", "-y", "-s", "64", "-o", log, "-e", "trace=fsync,rename,renameat,renameat2,write"]);
        var settings = TrainerWorkplace.Settings with { Epochs = 1, CheckpointSteps = 0 };
        var done = await worker.RunAsync(_place.Train(1, 1, settings));
        Assert.IsType<DoneFrame>(done);
        await worker.CommandAsync(TrainerCommand.Exit);
        await worker.DieAsync();

        var attempt = _place.AttemptFolder(Core.Ids.JobId.Train("s", 1), 1);
        var lines = await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken);
        int At(string pattern, int from = 0)
        {
            var at = Array.FindIndex(lines, from, line => Regex.IsMatch(line, pattern));
            Assert.True(at >= 0, $"no system call like {pattern} after line {from} of the trace");
            return at;
        }

        var temporary = Regex.Escape(Path.Combine(attempt, "step-15.tmp"));
        int[] files = [.. new[] { "weights.safetensors", "optimizer.safetensors", "state.json", "manifest.json" }
            .Select(name => At($@"fsync\(\d+<{temporary}/{Regex.Escape(name)}>"))];
        var folder = At($@"fsync\(\d+<{temporary}>", files.Max());
        var rename = At($@"rename\w*\(.*step-15\.tmp.*step-15""", folder);
        var parent = At($@"fsync\(\d+<{Regex.Escape(attempt)}>", rename);
        At(@"write\(.*\\""type\\"":\\""offer\\""", parent);
        Assert.Equal(-1, Array.FindIndex(lines, 0, parent, line => line.Contains("\\\"type\\\":\\\"offer\\\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_full_disk_is_told_once_training_goes_on_and_the_final_checkpoint_waits_for_space()
    {
        await using var undisturbed = await ScriptedWorker.StartAsync();
        var settings = TrainerWorkplace.Settings with { Epochs = 3, CheckpointSteps = 5 };
        var expected = Assert.IsType<DoneFrame>(await undisturbed.RunAsync(_place.Train(1, 1, settings)));

        var disk = Path.Combine(_place.Root, "disk");
        Directory.CreateDirectory(disk);
        Assert.SkipUnless(await MountAsync("-t", "tmpfs", "-o", "size=8m", "sweeps-test", disk), "needs the right to mount a small tmpfs");
        try
        {
            var ballast = Path.Combine(disk, "ballast");
            await File.WriteAllBytesAsync(ballast, new byte[(8 << 20) - (120 << 10)], TestContext.Current.CancellationToken);
            await using var worker = await ScriptedWorker.StartAsync();
            await worker.BeginAsync(_place.Train(2, 1, settings) with { Directory = Path.Combine(disk, "attempt-1") });
            await worker.WaitAsync<EventFrame>(told => told.Kind == "disk-full");

            // Training went on to the next evaluation, which waits for the one not yet written.
            await worker.WaitAsync<ProgressFrame>(progress => progress.Step >= 30);
            Assert.Empty(worker.Committed);
            Assert.Empty(Directory.GetDirectories(Path.Combine(disk, "attempt-1"), "step-*[0-9]"));
            File.Delete(ballast);
            var done = Assert.IsType<DoneFrame>(await worker.EndAsync());
            Assert.Equal((expected.FinalSha256, expected.BestSha256), (done.FinalSha256, done.BestSha256));
            Assert.Equal([15, 30, 45], worker.Committed.SelectMany(offer => offer.Evaluations).Select(evaluation => evaluation.Step));
            Assert.Equal(Enumerable.Range(1, 45), worker.Committed.SelectMany(offer => offer.Points).Select(point => point.Step));
        }
        finally
        {
            await RunAsync("umount", "-l", disk);
        }
    }

    private static Task<bool> MountAsync(params string[] arguments) => RunAsync("mount", arguments);

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        try
        {
            var start = new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardError = true };
            using var process = System.Diagnostics.Process.Start(start)!;
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
