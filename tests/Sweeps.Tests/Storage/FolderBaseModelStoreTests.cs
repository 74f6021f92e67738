using System.Security.Cryptography;
using Sweeps.Core.Homes;
using Sweeps.Storage.Objects;
using Xunit;

namespace Sweeps.Tests.Storage;

public sealed class FolderBaseModelStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SweepsHome _home;
    private readonly FolderBaseModelStore _store;

    public FolderBaseModelStoreTests()
    {
        _home = new SweepsHome(_folder["home"]);
        _store = new FolderBaseModelStore(_folder["builtin"], _home, [_folder["models"]]);
        Write("models/minilm/config.json", "{}");
        Write("models/minilm/vocab.txt", "[PAD]\n");
        Write("models/minilm/model.safetensors", "weights");
        Write("models/minilm/1_Pooling/config.json", "{\"pooling\":1}");
        Write("models/minilm/README.md", "not read by a trainer");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string MiniLm => _folder["models/minilm"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_files_that_a_trainer_reads_are_hashed_where_they_are()
    {
        var rows = await _store.PinAsync(MiniLm, cancellation: Token);
        Assert.Equal(
            ["base/config.json", "base/vocab.txt", "base/model.safetensors", "base/1_Pooling/config.json"], rows.Select(r => r.Role));
        Assert.All(rows, r => Assert.Equal(Path.Combine(MiniLm, r.Role[5..]), r.Name));
        Assert.All(rows, r => Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(r.Name))), r.Sha256));
        Assert.All(rows, r => Assert.Equal(new FileInfo(r.Name).Length, r.Bytes));
        Assert.All(rows, r => Assert.Empty(r.Sweep));
    }

    [Fact]
    public async Task Shards_are_those_of_the_index()
    {
        File.Delete(Path.Combine(MiniLm, "model.safetensors"));
        Write("models/minilm/a-1.safetensors", "1");
        Write("models/minilm/a-2.safetensors", "2");
        await FailsAsync(MiniLm, "2 *.safetensors files but no model.safetensors.index.json");

        Write("models/minilm/model.safetensors.index.json", """{"weight_map":{"x":"a-2.safetensors","y":"a-1.safetensors","z":"a-2.safetensors"}}""");
        var rows = await _store.PinAsync(MiniLm, cancellation: Token);
        Assert.Equal(
            ["base/a-1.safetensors", "base/a-2.safetensors"], rows.Select(r => r.Role).Where(r => r.Contains("a-", StringComparison.Ordinal)));

        Write("models/minilm/model.safetensors.index.json", """{"weight_map":{"x":"a-3.safetensors"}}""");
        await FailsAsync(MiniLm, "no a-3.safetensors, which model.safetensors.index.json names");
        Write("models/minilm/model.safetensors.index.json", """{"weight_map":{"x":"../../secret.safetensors"}}""");
        await FailsAsync(MiniLm, "not a .safetensors file beside it");
        Write("models/minilm/model.safetensors.index.json", "[]");
        await FailsAsync(MiniLm, "cannot be read");
    }

    [Theory]
    [InlineData("config.json", "no config.json")]
    [InlineData("vocab.txt", "no tokeniser (tokenizer.json, vocab.txt, spiece.model, spm.model, tokenizer.model, sentencepiece.bpe.model)")]
    [InlineData("model.safetensors", "no *.safetensors")]
    public async Task A_missing_file_is_named_with_the_fix(string file, string says)
    {
        File.Delete(Path.Combine(MiniLm, file));
        await FailsAsync(MiniLm, says);
    }

    [Fact]
    public async Task Pickles_are_refused_by_name()
    {
        File.Delete(Path.Combine(MiniLm, "model.safetensors"));
        Write("models/minilm/pytorch_model.bin", "pickle");
        await FailsAsync(MiniLm, "never read: save them as safetensors");
    }

    [Fact]
    public async Task Paths_outside_the_roots_are_refused_through_links_too()
    {
        Write("elsewhere/secret/config.json", "{}");
        Write("elsewhere/secret/model.safetensors", "s");
        Write("elsewhere/secret/vocab.txt", "v");
        await FailsAsync(_folder["elsewhere/secret"], "outside the folders");
        await FailsAsync(_folder["models/../elsewhere/secret"], "outside the folders");

        Directory.CreateSymbolicLink(_folder["models/link"], _folder["elsewhere/secret"]);
        await FailsAsync(_folder["models/link"], $"(in fact '{_folder["elsewhere/secret"]}')");

        File.Delete(Path.Combine(MiniLm, "config.json"));
        File.CreateSymbolicLink(Path.Combine(MiniLm, "config.json"), _folder["elsewhere/secret/config.json"]);
        await FailsAsync(MiniLm, "outside the folders");

        Write("models-of-others/m/config.json", "{}");
        await FailsAsync(_folder["models-of-others/m"], "outside the folders");
    }

    [Fact]
    public async Task A_link_inside_the_roots_is_followed()
    {
        // The layout of Hugging Face's cache.
        Write("models/blobs/abc", "blob");
        File.Delete(Path.Combine(MiniLm, "model.safetensors"));
        File.CreateSymbolicLink(Path.Combine(MiniLm, "model.safetensors"), "../blobs/abc");
        var weights = Assert.Single(await _store.PinAsync(MiniLm, cancellation: Token), r => r.Role == "base/model.safetensors");
        Assert.Equal(4, weights.Bytes);
    }

    [Fact]
    public async Task Nonsense_is_refused_with_the_fix()
    {
        await FailsAsync("relative/path", "give the whole path");
        await FailsAsync(_folder["nowhere"], "is not a folder that exists");
        await FailsAsync("builtin:tiny", "none in this build");
        Write("builtin/tiny-gemma3/config.json", "{}");
        await FailsAsync("builtin:tiny", "there are builtin:tiny-gemma3");
        await FailsAsync("builtin:../models/minilm", "there is no built-in base model");
    }

    [Fact]
    public async Task A_built_in_model_is_copied_into_the_home_and_outlives_an_upgrade()
    {
        Write("builtin/tiny/config.json", "{}");
        Write("builtin/tiny/tokenizer.json", "{}");
        Write("builtin/tiny/model.safetensors", "first");

        var first = await _store.PinAsync("builtin:tiny", cancellation: Token);
        Assert.All(first, r => Assert.StartsWith(_home.Bases, r.Name, StringComparison.Ordinal));
        var again = await _store.PinAsync("builtin:tiny", cancellation: Token);
        Assert.Equal(first, again);

        Write("builtin/tiny/model.safetensors", "second");
        var second = await _store.PinAsync("builtin:tiny", cancellation: Token);
        Assert.NotEqual(first[2].Name, second[2].Name);
        Assert.Equal("first", await File.ReadAllTextAsync(first[2].Name, Token));

        // A copy that was damaged is made whole again.
        await File.WriteAllTextAsync(second[2].Name, "damaged", Token);
        await _store.PinAsync("builtin:tiny", cancellation: Token);
        Assert.Equal("second", await File.ReadAllTextAsync(second[2].Name, Token));
    }

    private async Task FailsAsync(string name, string says)
    {
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => _store.PinAsync(name, cancellation: Token));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], text);
    }
}
