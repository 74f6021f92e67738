using System.Diagnostics;

namespace Sweeps.Chaos.Tests.Kill;

/// <summary>The disk is full, lies, or the user's file changes.</summary>
public sealed class DiskTests(Reference reference, ITestOutputHelper output) : KillCase(reference, output)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_damaged_checkpoint_is_passed_over_for_the_one_before(bool torn)
    {
        var sweep = await SweepAsync();
        using var home = new TestHome();
        var id = await StartAsync(home, sweep.BertSpec);
        await home.UntilAsync(() => home.Rows("SELECT 1 FROM checkpoints WHERE sweep = $0 AND job_kind = 'train' AND status = 'kept' GROUP BY job_number HAVING count(*) >= 2", id).Count > 0, "a trial with two checkpoints");
        Processes.Signal(home.Silos.Concat(home.Trainers), Processes.Kill);
        await home.UntilAsync(() => home.Silos.Count + home.Trainers.Count == 0, "their end", 5);

        // The newest checkpoint of an unfinished trial that has another one.
        var newest = home.Rows(
            "SELECT c.directory FROM checkpoints c JOIN jobs j ON j.sweep = c.sweep AND j.kind = c.job_kind AND j.number = c.job_number"
            + " WHERE c.sweep = $0 AND c.job_kind = 'train' AND c.status = 'kept' AND c.has_state = 1 AND j.state IN ('running', 'leased', 'queued')"
            + " AND (SELECT count(*) FROM checkpoints d WHERE d.sweep = c.sweep AND d.job_kind = c.job_kind AND d.job_number = c.job_number AND d.status = 'kept' AND d.has_state = 1) > 1"
            + " ORDER BY c.job_number, c.step DESC LIMIT 1",
            id);
        var folder = Path.Combine(home.Root, "sweeps", (string)Assert.Single(newest)[0]);
        var weights = Directory.EnumerateFiles(folder, "*.safetensors").OrderByDescending(f => new FileInfo(f).Length).First();
        await using (var file = new FileStream(weights, FileMode.Open))
        {
            if (torn)
            {
                file.SetLength(file.Length - 100);
            }
            else
            {
                file.Position = file.Length / 2;
                var value = file.ReadByte();
                file.Position--;
                file.WriteByte((byte)(value ^ 1));
            }
        }

        await home.UpAsync();
        await SettleAsync(home, id, sweep.BertSpec, torn ? "torn tail in the newest checkpoint" : "flipped bit in the newest checkpoint");

        // Marked in the same commit; once its trial has ended, it is dropped like the others.
        Assert.True(home.Number("SELECT count(*) FROM events WHERE sweep = $0 AND kind = 'checkpoint-bad'", id) > 0, home.Story());
    }

    [Fact]
    public async Task A_data_file_edited_in_mid_sweep_changes_nothing()
    {
        var sweep = await SweepAsync();
        using var home = new TestHome();
        var copy = Directory.CreateTempSubdirectory("sweeps-kill-edit-").FullName;
        try
        {
            foreach (var file in Directory.EnumerateFiles(sweep.Folder))
            {
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            }

            var id = await StartAsync(home, Path.Combine(copy, "gemma.yaml"));
            await CheckpointsAsync(home, id, 2);
            var lines = await File.ReadAllLinesAsync(Path.Combine(copy, "train.csv"), TestContext.Current.CancellationToken);
            await File.WriteAllLinesAsync(Path.Combine(copy, "train.csv"), lines.Take(50), TestContext.Current.CancellationToken);
            Processes.Signal(home.Trainers, Processes.Kill);
            await SettleAsync(home, id, sweep.GemmaSpec, "CSV edited in mid-sweep, trainers killed");
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public async Task A_full_disk_while_checkpointing_pauses_and_recovers()
    {
        var mount = Directory.CreateTempSubdirectory("sweeps-kill-full-").FullName;
        if (await RunAsync("mount", "-t", "tmpfs", "-o", "size=900m", "tmpfs", mount) != 0)
        {
            Assert.Skip("needs the right to mount a small file system");
        }

        try
        {
            var sweep = await SweepAsync();
            using var home = new TestHome(Path.Combine(mount, "home"));
            home.Set("SWEEPS_MIN_FREE_MB", "4");
            var id = await StartAsync(home, sweep.BertSpec);
            await CheckpointsAsync(home, id, 2);
            var ballast = Path.Combine(mount, "ballast");
            Fill(ballast);
            await home.UntilAsync(() => Directory.EnumerateFiles(Path.Combine(home.Root, "logs")).Any() && Stopped(home, id), "work standing still on a full disk", 60);
            File.Delete(ballast);
            await SettleAsync(home, id, sweep.BertSpec, "disk full while checkpointing, then room again");
        }
        finally
        {
            await RunAsync("umount", "-l", mount);
        }
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1);
        var block = new byte[1 << 16];
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // Full: that is the point.
        }
    }

    /// <summary>Whether no commit came through for two seconds: the change number stands still.</summary>
    private static bool Stopped(TestHome home, string sweep)
    {
        var change = home.Number("SELECT max(change) FROM jobs WHERE sweep = $0", sweep);
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < 2)
        {
            if (home.Number("SELECT max(change) FROM jobs WHERE sweep = $0", sweep) != change)
            {
                return false;
            }
        }

        return true;
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
