using Sweeps.Models;
using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Decoders;

/// <summary>What comes before a text: cached tokens, a prefix of keys and values, a prompt of embeddings.</summary>
public sealed class DecoderPastTests
{
    public static TheoryData<string> Families => new("gemma3", "qwen3", "llama", "mistral");

    [Theory]
    [MemberData(nameof(Families))]
    public void Tokens_in_parts_give_what_the_whole_text_gives(string family)
    {
        using var model = TinyModels.Decoder(family);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        long[] ids = [.. Enumerable.Range(0, 26).Select(at => 3L + (at * 7 % 60))];
        using var batch = new TokenBatch(ids, 2, 13);
        var whole = model.Hidden(batch, DropoutContext.None);
        using var cache = model.NewCache(2);

        var from = 0;
        foreach (var count in (int[])[5, 1, 4, 1, 2])
        {
            using var part = new TokenBatch(
                [.. ids.Skip(from).Take(count), .. ids.Skip(13 + from).Take(count)], 2, count)
            {
                Past = cache,
            };
            var hidden = model.Hidden(part, DropoutContext.None);
            Assert.True(hidden.allclose(whole.narrow(1, from, count), 1e-4, 1e-5), $"tokens from {from}");
            from += count;
        }

        Assert.Equal(13, cache.Length);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_cache_that_is_not_extended_serves_many_ends(string family)
    {
        using var model = TinyModels.Decoder(family);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var cache = model.NewCache(1);
        using var start = new TokenBatch([5, 6, 7, 8, 9, 10], 1, 6) { Past = cache };
        _ = model.Hidden(start, DropoutContext.None);
        using var three = cache.Select([0, 0, 0]);

        using var ends = new TokenBatch([11, 12, 13, 14, 15, 16], 3, 2) { Past = three, ExtendsPast = false };
        var hidden = model.Hidden(ends, DropoutContext.None);

        Assert.Equal(6, three.Length);
        for (var row = 0; row < 3; row++)
        {
            using var whole = new TokenBatch([5, 6, 7, 8, 9, 10, 11 + (2 * row), 12 + (2 * row)], 1, 8);
            var expected = model.Hidden(whole, DropoutContext.None).narrow(1, 6, 2)[0];
            Assert.True(hidden[row].allclose(expected, 1e-4, 1e-5), $"row {row}");
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_prompt_takes_the_place_of_token_embeddings(string family)
    {
        using var model = TinyModels.Decoder(family);
        using var scope = NewDisposeScope();
        using var plain = new TokenBatch([5, 6, 7, 8, 9, 10, 5, 6, 7, 11, 12, 13], 2, 6);
        var expected = model.Hidden(plain, DropoutContext.None);
        using var first = new TokenBatch([5, 6, 7], 1, 3);
        var prompt = model.Embed(first, DropoutContext.None)[0].detach().requires_grad_(true);
        using var rest = new TokenBatch([8, 9, 10, 11, 12, 13], 2, 3);

        model.SoftPrompt = prompt;

        var none = DropoutContext.None;
        Assert.True(model.HiddenWithPrompt(rest, none).allclose(expected, 1e-4, 1e-5));
        Assert.True(model.Hidden(rest, none).allclose(expected.narrow(1, 3, 3), 1e-4, 1e-5));
        var at = model.HiddenAt(rest, [1, 5], none);
        Assert.True(at[0].allclose(expected[0, 4], 1e-4, 1e-5) && at[1].allclose(expected[1, 5], 1e-4, 1e-5));
        at.sum().backward();
        Assert.True(prompt.grad!.abs().sum().item<float>() > 0);

        // With a cache the prompt goes before the first tokens only.
        using var off = no_grad();
        using var cache = model.NewCache(2);
        using var one = new TokenBatch([8, 11], 2, 1) { Past = cache };
        using var two = new TokenBatch([9, 10, 12, 13], 2, 2) { Past = cache };
        Assert.True(model.Hidden(one, none).allclose(expected.narrow(1, 3, 1), 1e-4, 1e-5));
        Assert.True(model.Hidden(two, none).allclose(expected.narrow(1, 4, 2), 1e-4, 1e-5));
        Assert.Equal(6, cache.Length);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_prefix_is_seen_by_every_token_on_every_path(string family)
    {
        using var model = TinyModels.Decoder(family);
        using var scope = NewDisposeScope();
        using var generator = new Generator(7, CPU);
        var prefix = randn([2, 2 * model.LayerCount * model.KeyHeads * model.HeadWidth], generator: generator);
        using var batch = TinyModels.Batch();
        var none = DropoutContext.None;
        var before = model.Hidden(batch, none);

        model.Prefix = prefix.requires_grad_(true);

        var hidden = model.Hidden(batch, none);
        Assert.Equal([3, 8, 32], hidden.shape);
        Assert.False(hidden.allclose(before, 1e-2, 1e-2));
        Assert.True(model.HiddenAt(batch, batch.LastAttended(), none)
            .allclose(Transformer.Rows(hidden, batch, batch.LastAttended()), 1e-4, 1e-5));
        hidden.square().sum().backward();
        Assert.All(Enumerable.Range(0, 2), row => Assert.True(prefix.grad![row].abs().sum().item<float>() > 0));

        using var off = no_grad();
        using var cache = model.NewCache(3);
        Assert.Equal(2, cache.Length);
        using var cached = new TokenBatch(batch.Ids.ToArray(), 3, 8, Array.ConvertAll(batch.Attended.ToArray(), s => s ? 1L : 0))
        {
            Past = cache,
        };
        Assert.True(model.Hidden(cached, none).allclose(hidden, 1e-4, 1e-5));
        model.Prefix = null;
        Assert.True(model.Hidden(batch, none).allclose(before, 1e-6, 1e-6));
    }

    [Fact]
    public void A_prefix_equals_the_keys_and_values_of_real_tokens()
    {
        // In the first layer alone keys and values are a function of the token, so that they can be made by hand.
        using var model = TinyModels.Create("""
            {
              "model_type": "llama", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1,
              "num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.2
            }
            """);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var none = DropoutContext.None;
        using var whole = new TokenBatch([5, 6, 7, 8], 1, 4);
        var expected = model.Hidden(whole, none).narrow(1, 2, 2);
        using var cache = model.NewCache(1);
        using var start = new TokenBatch([5, 6], 1, 2) { Past = cache };
        _ = model.Hidden(start, none);
        var (keys, values) = cache.At(0)!.Value;

        model.Prefix = cat([keys[0].view(2, -1), values[0].view(2, -1)], 1);
        using var rest = new TokenBatch([7, 8], 1, 2);

        Assert.True(model.Hidden(rest, none).allclose(expected, 1e-4, 1e-5));
    }

    [Fact]
    public void An_encoder_takes_no_cache()
    {
        using var model = TinyModels.Bert();

        var error = Assert.Throws<NotSupportedException>(() => model.NewCache(1));

        Assert.Contains("bert is no decoder", error.Message, StringComparison.Ordinal);
    }
}
