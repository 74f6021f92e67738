using Sweeps.Core.Planning;
using Sweeps.Core.Spec;

namespace Sweeps.Tests.Search;

/// <summary>Data and bases that specs are planned for, and how such a spec is read.</summary>
internal static class PlanSamples
{
    internal static readonly DataFacts Table = new()
    {
        Labels = ["no", "yes"],
        Rows = new Dictionary<string, int> { ["train"] = 100, ["validation"] = 20, ["test"] = 20 },
        Columns = ["message", "other", "label"],
    };

    internal static readonly ModelFacts Bert = new()
    {
        Family = "bert",
        Layers = 6,
        HiddenSize = 384,
        Parameters = 22_713_216,
        EmbeddingParameters = 11_920_000,
        MaxPositions = 512,
        IsDecoder = false,
        Linears = [new LinearFact("encoder.0.query", 384, 384), new LinearFact("encoder.0.key", 64, 384)],
    };

    internal static readonly ModelFacts Gemma = Bert with { Family = "gemma3_text", IsDecoder = true };

    internal static SweepSpec Read(string template, string lines)
    {
        var result = SpecReader.Read($"base: models/x\ndata: {{train: data.csv}}\ntemplate: {template}\n{lines}\n", "grid.yaml");
        Assert.Empty(result.Errors);
        return result.Spec!;
    }
}
