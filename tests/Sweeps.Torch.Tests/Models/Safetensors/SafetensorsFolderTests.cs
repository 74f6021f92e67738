using Sweeps.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Safetensors;

public sealed class SafetensorsFolderTests
{
    [Fact]
    public void Shards_are_read_through_their_index()
    {
        using var folder = Shards("""{"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}""");
        using var scope = NewDisposeScope();

        using var weights = SafetensorsFolder.Open(folder.Path);

        Assert.Equal(["a", "b"], weights.Names.Order(StringComparer.Ordinal));
        Assert.Equal(2f, weights.Read("b").sum().item<float>());
    }

    [Theory]
    [InlineData("""{"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}}""", "lacks tensor 'b'")]
    [InlineData("""{"weight_map": {"a": "one.safetensors"}, "x": 1, "weight_map2": {}}""", null)]
    [InlineData("""{"weight_map": {"a": "../one.safetensors"}}""", "in the same folder")]
    [InlineData("""{"weight_map": {"a": "/etc/passwd"}}""", "in the same folder")]
    [InlineData("""{"weight_map": {"a": "three.safetensors"}}""", "cannot be read")]
    [InlineData("""{"weight_map": {"a": 5}}""", "not an index")]
    [InlineData("""{}""", "not an index")]
    [InlineData("""{"weight_map": {"a": "one.safetensors", "a": "two.safetensors"}}""", "twice")]
    public void A_false_index_is_refused(string index, string? fault)
    {
        using var folder = Shards(index);

        if (fault is null)
        {
            using var weights = SafetensorsFolder.Open(folder.Path);
            Assert.Equal(["a"], weights.Names);
            return;
        }

        var error = Assert.Throws<SafetensorsException>(() => SafetensorsFolder.Open(folder.Path));
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_weights_says_what_it_looked_for()
    {
        using var folder = new TempFolder();

        var error = Assert.Throws<SafetensorsException>(() => SafetensorsFolder.Open(folder.Path));

        Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
    }

    private static TempFolder Shards(string index)
    {
        var folder = new TempFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Save(folder["one.safetensors"], [new("a", ones(1))]);
        SafetensorsWriter.Save(folder["two.safetensors"], [new("b", ones(2))]);
        File.WriteAllText(folder["model.safetensors.index.json"], index);
        return folder;
    }
}
