namespace Sweeps.Benchmarks.Training.Real;

/// <summary>Options of the benchmark of a step on real weights.</summary>
/// <param name="Folder">A Hugging Face folder of a decoder.</param>
/// <param name="Methods">Methods.</param>
/// <param name="Rows">Texts of a step. Default 16.</param>
/// <param name="Length">Tokens of a text. Default 400.</param>
/// <param name="Shared">Tokens at the start of a text that are the same in all of them. Default 300.</param>
/// <param name="Rounds">Timed steps of each method. Default 1.</param>
internal sealed record RealStepOptions(
    string Folder, IReadOnlyList<RealMethod> Methods, int Rows, int Length, int Shared, int Rounds)
{
    /// <summary>What <c>--help</c> says.</summary>
    public const string Help = """
        usage: Sweeps.Benchmarks gemma [options]
          A training step of Gemma 3 270M on its real weights (or of any decoder's folder) against the matrix products of
          the plain computation: instruction tuning, loss on the last 3 tokens of each text, forward, backward, clipping,
          AdamW, one thread, 32 bits. The products are timed on their own, each shape once, attention scores left out.
          Beside it, the ratio to the products that are computed here, without those whose result nobody reads, and what
          Transformers 5.23 and PEFT 0.21 took over the plain products on another machine.
          The program starts itself again as workers start trainers: one thread, tcmalloc or jemalloc preloaded if present.

          --folder DIR     model folder; default artifacts/test-models/gemma-3-270m-32k, where the tests unpack it
          --method all     full, frozen (the bottom 14 blocks and the embeddings), lora (rank 8, all linear layers), or all
          --rows 16        texts of a step
          --tokens 400     tokens of a text
          --shared 300     of which the first ones are the same in all texts
          --rounds 1       timed steps of each method, after one that is not timed

          Example, quick: Sweeps.Benchmarks gemma --rows 4 --tokens 64 --shared 32 --rounds 3
        """;

    /// <summary>Reads them.</summary>
    /// <exception cref="FormatException">An unknown option, a value of another form, or no such folder.</exception>
    public static RealStepOptions Parse(string[] args)
    {
        var reader = new OptionReader(args, "--folder", "--method", "--rows", "--tokens", "--shared", "--rounds");
        var folder = reader.Text("--folder", Path.Combine("artifacts", "test-models", "gemma-3-270m-32k"))!;
        var method = reader.Word("--method", "all", "full", "frozen", "lora", "all");
        var tokens = reader.Whole("--tokens", 400, 8);
        var shared = reader.Whole("--shared", Math.Min(300, tokens / 2), 0);
        if (!File.Exists(Path.Combine(folder, "config.json")))
        {
            throw new FormatException($"{Path.GetFullPath(folder)} holds no model: unpack the weights and name their folder with --folder");
        }

        return new RealStepOptions(
            folder,
            [.. Enum.GetValues<RealMethod>().Where(each => method == "all" || method.Equals(each.ToString(), StringComparison.OrdinalIgnoreCase))],
            reader.Whole("--rows", 16, 1),
            tokens,
            shared < tokens ? shared : throw new FormatException($"--shared must be below --tokens, {tokens}; found {shared}"),
            reader.Whole("--rounds", 1, 1));
    }
}

/// <summary>What is trained, in the order of the memory it takes.</summary>
internal enum RealMethod
{
    /// <summary>All but the embeddings and the bottom 14 blocks.</summary>
    Frozen,

    /// <summary>Adapters of rank 8 on all linear layers.</summary>
    Lora,

    /// <summary>All weights.</summary>
    Full,
}
