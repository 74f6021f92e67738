using Sweeps.Core.Trainer;
using Xunit;

namespace Sweeps.Chaos.Tests.Trainer;

/// <summary>A trainer killed at each named point; the next attempt ends with the weights of an undisturbed run.</summary>
public sealed class CrashPointTests : IDisposable
{
    private readonly TrainerWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("trainer-start:1")]
    [InlineData("trainer-step:1")]
    [InlineData("trainer-step:13")]
    [InlineData("trainer-step:30")]
    [InlineData("checkpoint-mid-write:2")]
    [InlineData("checkpoint-before-rename:2")]
    [InlineData("checkpoint-written:2")]
    [InlineData("after-commit:2")]
    [InlineData("final-write:1")]
    public async Task Killed_there_it_ends_with_the_weights_of_an_undisturbed_run(string point)
    {
        await using var undisturbed = await ScriptedWorker.StartAsync();
        var expected = Assert.IsType<DoneFrame>(await undisturbed.RunAsync(_place.Train(1, 1)));

        await using var killed = await ScriptedWorker.StartAsync(new Dictionary<string, string> { ["SWEEPS_CRASH_AT"] = point });
        await killed.BeginAsync(_place.Train(2, 1));
        Assert.Equal(137, await killed.DieAsync());

        await using var next = await ScriptedWorker.StartAsync();
        var done = Assert.IsType<DoneFrame>(await next.RunAsync(_place.Train(2, 2, committed: killed.Committed)));
        Assert.Equal((expected.FinalSha256, expected.BestSha256), (done.FinalSha256, done.BestSha256));
        Assert.DoesNotContain(next.Seen, frame => frame is EventFrame { Kind: "replay-differs" or "checkpoint-bad" });
        Assert.Equal(
            [15, 30],
            killed.Committed.Concat(next.Committed).SelectMany(offer => offer.Evaluations).Select(evaluation => evaluation.Step).Distinct());
    }

    [Theory]
    [InlineData("weights.safetensors", "flip")]
    [InlineData("optimizer.safetensors", "tear")]
    [InlineData("state.json", "flip")]
    [InlineData("manifest.json", "tear")]
    [InlineData("weights.safetensors", "delete")]
    public async Task A_damaged_newest_checkpoint_is_told_and_the_one_before_is_used(string file, string damage)
    {
        await using var worker = await ScriptedWorker.StartAsync();
        var expected = Assert.IsType<DoneFrame>(await worker.RunAsync(_place.Train(1, 1)));
        await worker.BeginAsync(_place.Train(2, 1));
        var newest = await worker.WaitAsync<OfferFrame>(offer => offer.Offer == 3);
        await worker.CommandAsync(TrainerCommand.Abandon);
        await worker.EndAsync();
        var committed = worker.Committed.Where(offer => offer.Job == Core.Ids.JobId.Train("s", 2) && offer.Offer <= 3).ToList();
        Damage(Path.Combine(newest.Checkpoint!.Directory, file), damage);

        var done = Assert.IsType<DoneFrame>(await worker.RunAsync(_place.Train(2, 2, committed: committed)));
        Assert.Equal((expected.FinalSha256, expected.BestSha256), (done.FinalSha256, done.BestSha256));
        var bad = Assert.Single(worker.Seen.OfType<EventFrame>(), told => told.Kind == "checkpoint-bad");
        Assert.Equal(new CheckpointName(1, newest.Checkpoint.Step), bad.Checkpoint);
        var resumed = Assert.Single(worker.Seen.OfType<EventFrame>(), told => told.Kind == "resumed");
        Assert.Equal(committed[1].Checkpoint!.Step, resumed.Checkpoint!.Step);
    }

    private static void Damage(string path, string how)
    {
        switch (how)
        {
            case "delete":
                File.Delete(path);
                return;
            case "tear":
                using (var file = File.OpenWrite(path))
                {
                    file.SetLength(file.Length / 2);
                }

                return;
            default:
                var bytes = File.ReadAllBytes(path);
                bytes[bytes.Length / 2] ^= 1;
                File.WriteAllBytes(path, bytes);
                return;
        }
    }
}
