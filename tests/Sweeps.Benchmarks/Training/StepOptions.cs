namespace Sweeps.Benchmarks.Training;

/// <summary>Options of the benchmark of a step.</summary>
/// <param name="Shapes">Models, each with its target.</param>
/// <param name="Losses">Losses.</param>
/// <param name="Rounds">Steps and passes over the matrix products that are timed, in turn. Default 40.</param>
/// <param name="Steps">Steps of the memory test; 0: none. Default 2,000.</param>
internal sealed record StepOptions(
    IReadOnlyList<(Gemma3Shape Shape, double Target)> Shapes, IReadOnlyList<StepLossKind> Losses, int Rounds, int Steps)
{
    /// <summary>What <c>--help</c> says.</summary>
    public const string Help = """
        usage: Sweeps.Benchmarks step [options]
          A training step (batch, forward, backward, clipping, AdamW; 16 x 64 tokens, one thread, 32 bits) against its own
          matrix products: for each linear layer the three products of the step (forward, gradient of the input, gradient
          of the weight) at the step's shapes. Steps and products are timed in turn; medians are compared. Products inside
          attention are not counted. Before it, the resident memory (VmRSS) over many steps of the 1.25 M model, which must
          not grow.
          The program starts itself again as workers start trainers: one thread, tcmalloc or jemalloc preloaded if present.

          --model both     1.25M, 9.7M or both; targets 1.6 and 1.4
          --loss both      language (next token at all 16 x 63 positions; the vocabulary projection counts as a product),
                           label (what fine-tuning does: the last block and the projection only at the label), or both
          --rounds 40      timed steps of each
          --steps 2000     steps of the memory test, 0 for none; step 200 is compared with the last

          Example, quick: Sweeps.Benchmarks step --rounds 5 --steps 300
        """;

    /// <summary>Reads them.</summary>
    /// <exception cref="FormatException">An unknown option, or a value of another form.</exception>
    public static StepOptions Parse(string[] args)
    {
        var reader = new OptionReader(args, "--model", "--loss", "--rounds", "--steps");
        var model = reader.Word("--model", "both", "1.25M", "9.7M", "both");
        var loss = reader.Word("--loss", "both", "language", "label", "both");
        (string Name, Gemma3Shape Shape, double Target)[] shapes = [("1.25M", Gemma3Shape.Tiny, 1.6), ("9.7M", Gemma3Shape.Small, 1.4)];
        return new StepOptions(
            [.. shapes.Where(each => model == "both" || model == each.Name).Select(each => (each.Shape, each.Target))],
            loss switch
            {
                "language" => [StepLossKind.Language],
                "label" => [StepLossKind.Label],
                _ => [StepLossKind.Language, StepLossKind.Label],
            },
            reader.Whole("--rounds", 40, 1),
            reader.Whole("--steps", 2000, 0));
    }
}

/// <summary>What a step learns from.</summary>
internal enum StepLossKind
{
    /// <summary>The next token, at every position.</summary>
    Language,

    /// <summary>The label alone.</summary>
    Label,
}
