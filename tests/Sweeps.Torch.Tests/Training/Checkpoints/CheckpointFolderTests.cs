using Sweeps.Models;
using Sweeps.Models.Optim;
using Sweeps.Torch.Tests.Models;
using Sweeps.Training.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Checkpoints;

/// <summary>A checkpoint's folder: what is written, what is refused.</summary>
public sealed class CheckpointFolderTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly NamedParameter[] _weights = [new("b", 0, arange(6, dtype: ScalarType.Float32).view(2, 3)), new("a", 0, ones(4))];

    public void Dispose()
    {
        foreach (var weight in _weights)
        {
            weight.Value.Dispose();
        }

        _folder.Dispose();
    }

    [Fact]
    public void A_snapshot_is_the_weights_of_its_moment()
    {
        using var optimizer = new AdamW(_weights);
        using var snapshot = new CheckpointSnapshot(_weights, optimizer);
        snapshot.Take(_weights, optimizer);
        var before = WeightsHash.Of(snapshot.Weights);
        using (no_grad())
        {
            _weights[0].Value.add_(1);
        }

        Assert.Equal(before, WeightsHash.Of(snapshot.Weights));
        snapshot.Take(_weights, optimizer);
        Assert.NotEqual(before, WeightsHash.Of(snapshot.Weights));
    }

    [Fact]
    public void The_weights_hash_is_the_documented_one()
    {
        // sha256("a\0F32\0" + int64(1) + int64(4) + four 1.0f + "b\0F32\0" + int64(2) + int64(2) + int64(3) + 0..5 as floats)
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("a\0F32\0"u8);
        Array.ForEach([1L, 4L], writer.Write);
        Array.ForEach([1f, 1f, 1f, 1f], writer.Write);
        writer.Write("b\0F32\0"u8);
        Array.ForEach([2L, 2L, 3L], writer.Write);
        Array.ForEach([0f, 1f, 2f, 3f, 4f, 5f], writer.Write);
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(stream.ToArray()));
        Assert.Equal(expected, WeightsHash.Of(_weights.Select(weight => KeyValuePair.Create(weight.Name, weight.Value))));
    }

    [Fact]
    public void What_is_written_reads_back_and_another_hash_is_refused()
    {
        using var optimizer = new AdamW(_weights);
        using var snapshot = new CheckpointSnapshot(_weights, optimizer);
        snapshot.Take(_weights, optimizer);
        var state = new CheckpointState { Step = 40, Epoch = 2, BestValue = 1.0 / 3, BestStep = 20, Machine = "m" };
        var written = CheckpointFolder.Write(_folder.Path, snapshot, state, "w", isFinal: false, () => { });
        Assert.Equal(_folder["step-40"], written.Path);
        Assert.Equal(["step-40"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
        Assert.Equal(new DirectoryInfo(written.Path).EnumerateFiles().Sum(file => file.Length), written.Bytes);

        Assert.Equal(state, CheckpointFolder.Read(written.Path, written.Sha256, withOptimizer: true, () => { }).State);
        var error = Assert.Throws<InvalidDataException>(() => CheckpointFolder.Read(written.Path, new string('0', 64), true, () => { }));
        Assert.Contains("not the one that was committed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scoring_needs_no_optimizer()
    {
        using var optimizer = new AdamW(_weights);
        using var snapshot = new CheckpointSnapshot(_weights, optimizer);
        snapshot.Take(_weights, optimizer);
        var written = CheckpointFolder.Write(_folder.Path, snapshot, new CheckpointState { Step = 1, Epoch = 0, Machine = "m" }, "w", false, () => { });
        File.Delete(Path.Combine(written.Path, "optimizer.safetensors"));
        Assert.Equal(1, CheckpointFolder.Read(written.Path, written.Sha256, withOptimizer: false, () => { }).State.Step);
        Assert.Throws<InvalidDataException>(() => CheckpointFolder.Read(written.Path, written.Sha256, withOptimizer: true, () => { }));
    }
}
