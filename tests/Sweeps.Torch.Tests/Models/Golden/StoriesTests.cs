using System.Text.Json;
using Sweeps.Models;
using Sweeps.Models.Generation;
using Sweeps.Models.Loading;
using Xunit;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>A TinyStories Llama, real weights: 200 greedy tokens.</summary>
[Trait("Category", "Golden")]
public sealed class StoriesTests
{
    [Fact]
    public void Writes_the_story_of_the_reference()
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(SharedFiles.Need("models/stories260K/golden.json")));
        using var folder = new TempFolder();
        Llama2cFile.Convert(SharedFiles.Need("models/stories260K/stories260K.bin"), folder.Path);
        using var model = ModelFamilies.Load(folder.Path);
        var expected = GoldenCase.Longs(golden.RootElement.GetProperty("greedy_ids"));
        var logits = GoldenCase.Floats(golden.RootElement.GetProperty("first_logits"));
        var worst = new Worst("stories260K first logits", 1e-4);
        var isFirst = true;
        using var prompt = new TokenBatch(expected[..1], 1, 1);

        var story = GreedyGeneration.Run(model, prompt, new GenerationOptions
        {
            MaxNewTokens = expected.Length - 1,
            Observe = step =>
            {
                for (var id = 0; isFirst && id < logits.Length; id++)
                {
                    worst.Absolute(logits[id], step.Logits[0, id].item<float>(), $"token {id}");
                }

                isFirst = false;
            },
        });

        worst.Check();
        Assert.Equal(200, story[0].Tokens.Count);
        Assert.Equal(expected[1..], story[0].Tokens);
    }
}
