using System.Runtime.InteropServices;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Ops;

/// <summary>Gradient checkpointing gives the same gradients for less memory.</summary>
public sealed partial class RecomputationTests
{
    private const string Wide = """
        {
          "model_type": "gemma3_text", "vocab_size": 64, "hidden_size": 128, "intermediate_size": 512,
          "num_hidden_layers": 12, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 32,
          "max_position_embeddings": 256, "query_pre_attn_scalar": 32, "sliding_window": 64, "pad_token_id": 0
        }
        """;

    [Theory]
    [InlineData("gemma3", "full", 0)]
    [InlineData("gemma3", "full", 2)]
    [InlineData("gemma3", "lora", 0)]
    [InlineData("bert", "full", 0)]
    [InlineData("bert", "full", 1)]
    [InlineData("bert", "lora", 1)]
    public void Loss_and_gradients_are_equal_bit_for_bit_with_dropout(string family, string kind, int frozen)
    {
        using var model = family == "bert" ? TinyModels.Bert() : TinyModels.Gemma3();
        using var head = new LinearHead(model, 3, new LoadOptions { Seed = 5 });
        using TrainingMethod method = kind == "full"
            ? new FullFineTuning(model, head.Parameters, frozen)
            : new LoraFineTuning(model, head.Parameters, new LoraOptions { Rank = 2, Dropout = 0.1, FrozenLayers = frozen, Seed = 4 });
        Nudge(method);

        var (plainLoss, plain) = Gradients(model, head, method);
        model.RecomputesBlocks = true;
        var (loss, again) = Gradients(model, head, method);

        Assert.Equal(plainLoss, loss);
        Assert.Equal(plain.Keys, again.Keys);
        Assert.All(plain, pair => Assert.Equal(pair.Value, again[pair.Key]));
    }

    [Theory]
    [InlineData("deberta")]
    [InlineData("t5")]
    [InlineData("qwen3")]
    public void Families_whose_blocks_share_a_weight_add_its_gradients_up_in_another_order(string family)
    {
        using var model = family switch
        {
            "deberta" => TinyModels.Deberta(),
            "t5" => TinyModels.T5(),
            _ => TinyModels.Decoder(family),
        };
        using var head = new LinearHead(model, 3, new LoadOptions { Seed = 5 });
        using var method = new FullFineTuning(model, head.Parameters);

        var (plainLoss, plain) = Gradients(model, head, method);
        model.RecomputesBlocks = true;
        var (loss, again) = Gradients(model, head, method);

        Assert.Equal(plainLoss, loss);
        Assert.Equal(plain.Keys, again.Keys);
        Assert.All(plain, pair => Assert.All(pair.Value.Zip(again[pair.Key]), both => Assert.Equal(both.First, both.Second, 1e-6f)));
    }

    [Theory]
    [InlineData("full", 0)]
    [InlineData("full", 3)]
    [InlineData("lora", 0)]
    [InlineData("lora", 3)]
    public void What_an_encoder_decoder_writes_is_learnt_alike(string kind, int frozen)
    {
        using var model = (EncoderDecoder)TinyModels.T5();
        using TrainingMethod method = kind == "full"
            ? new FullFineTuning(model, [], frozen)
            : new LoraFineTuning(model, [], new LoraOptions { Rank = 2, Dropout = 0.1, FrozenLayers = frozen, Seed = 4 });
        Nudge(method);

        var (plainLoss, plain) = Written(model, method);
        model.RecomputesBlocks = true;
        var (loss, again) = Written(model, method);

        Assert.Equal(plainLoss, loss);
        Assert.Equal(plain.Keys, again.Keys);
        Assert.Contains(plain.Keys, name => name.StartsWith(kind == "full" ? "decoder.block.1." : "base_model.model.decoder.block.1.", StringComparison.Ordinal));
        Assert.All(plain, pair => Assert.All(pair.Value.Zip(again[pair.Key]), both => Assert.Equal(both.First, both.Second, 1e-6f)));
    }

    [Fact]
    public void A_decoder_that_was_read_to_keeps_less_too()
    {
        using var model = (EncoderDecoder)TinyModels.Create(TinyModels.T5Config
            .Replace("\"num_layers\": 2", "\"num_layers\": 1, \"num_decoder_layers\": 12", StringComparison.Ordinal)
            .Replace("\"d_model\": 32", "\"d_model\": 128", StringComparison.Ordinal)
            .Replace("\"d_ff\": 48", "\"d_ff\": 512", StringComparison.Ordinal));
        using var method = new FullFineTuning(model, []);
        using var source = TinyModels.Batch();
        using var read = model.ReadSource(model.Hidden(source, DropoutContext.None), source, DropoutContext.None);
        long Kept()
        {
            using var scope = NewDisposeScope();
            using var written = model.ShiftRight([.. Enumerable.Range(0, 3 * 256).Select(at => (long)((at % 60) + 1))], 3, 256);
            var before = Allocated();
            var hidden = model.DecoderHidden(read, written, DropoutContext.None);
            return Allocated() - before + (hidden.requires_grad ? 0 : long.MinValue);
        }

        model.RecomputesBlocks = true;
        var recomputed = Kept();
        model.RecomputesBlocks = false;
        var plain = Kept();

        Assert.True(recomputed > 0 && plain > 2 * recomputed && plain > 20 << 20, $"kept {recomputed >> 20} MB recomputed, {plain >> 20} MB plain");
    }

    [Fact]
    public void Less_is_kept_between_forward_and_backward()
    {
        using var model = TinyModels.Create(Wide);
        using var head = new LinearHead(model, 3, new LoadOptions { Seed = 5 });
        using var method = new FullFineTuning(model, head.Parameters);

        model.RecomputesBlocks = true;
        var recomputed = KeptBytes(model);
        model.RecomputesBlocks = false;
        var plain = KeptBytes(model);

        // 12 blocks of some 15 tensors of 8 x 256 x 128 numbers each against one a block.
        Assert.True(recomputed > 0 && plain > 2 * recomputed && plain > 40 << 20, $"kept {recomputed >> 20} MB recomputed, {plain >> 20} MB plain");
    }

    private static long KeptBytes(Transformer model)
    {
        using var scope = NewDisposeScope();
        using var batch = new TokenBatch([.. Enumerable.Range(0, 8 * 256).Select(at => (long)((at % 60) + 1))], 8, 256);
        var before = Allocated();
        var hidden = model.Hidden(batch, DropoutContext.None);
        return Allocated() - before + (hidden.requires_grad ? 0 : long.MinValue);
    }

    /// <summary>Bytes that LibTorch holds of glibc's allocator: unlike resident memory, not hidden by what is free and still mapped.</summary>
    private static long Allocated()
    {
        var info = MallocInfo();
        return (long)(info.InUse + info.Mapped);
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial MallocFacts MallocInfo();

    /// <summary>struct mallinfo2 of malloc.h (glibc 2.33).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MallocFacts
    {
        public nuint Arena;
        public nuint FreeChunks;
        public nuint FastChunks;
        public nuint MappedBlocks;
        public nuint Mapped;
        public nuint Unused;
        public nuint FastBytes;
        public nuint InUse;
        public nuint Free;
        public nuint Releasable;
    }

    /// <summary>LoRA's B starts at zero, which would make half of the gradients zero.</summary>
    private static void Nudge(TrainingMethod method)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var generator = new Generator(8, CPU);
        foreach (var parameter in method.Trainable)
        {
            parameter.Value.add_(randn(parameter.Value.shape, generator: generator), 0.05);
        }
    }

    /// <summary>As <see cref="Gradients"/>, of the text that an encoder-decoder writes.</summary>
    private static (float Loss, Dictionary<string, float[]> Gradients) Written(EncoderDecoder model, TrainingMethod method)
    {
        using var scope = NewDisposeScope();
        using var batch = TinyModels.Batch();
        using var dropout = new DropoutContext(7, 3, 1);
        long[] labels = [7, 8, 9, 1, 7, 1, -100, -100, 12, 13, 1, -100];
        var loss = SequenceLoss.Loss(model, batch, labels, 4, dropout);
        loss.backward();
        var gradients = method.Trainable.Where(parameter => parameter.Value.grad is not null)
            .ToDictionary(parameter => parameter.Name, parameter => parameter.Value.grad!.contiguous().data<float>().ToArray());
        foreach (var parameter in method.Trainable)
        {
            parameter.Value.grad = null;
        }

        return (loss.item<float>(), gradients);
    }

    private static (float Loss, Dictionary<string, float[]> Gradients) Gradients(Transformer model, LinearHead head, TrainingMethod method)
    {
        using var scope = NewDisposeScope();
        for (var micro = 0; micro < 2; micro++)
        {
            using var batch = TinyModels.Batch();
            using var dropout = new DropoutContext(7, 3, micro);
            var loss = head.Loss(model, model.Hidden(batch, dropout), batch, [0, 2, 1], dropout);
            loss.backward();
            if (micro == 1)
            {
                var gradients = method.Trainable.Where(parameter => parameter.Value.grad is not null)
                    .ToDictionary(parameter => parameter.Name, parameter => parameter.Value.grad!.contiguous().data<float>().ToArray());
                foreach (var parameter in method.Trainable)
                {
                    parameter.Value.grad = null;
                }

                return (loss.item<float>(), gradients);
            }
        }

        throw new InvalidOperationException("two micro-steps are made");
    }
}
