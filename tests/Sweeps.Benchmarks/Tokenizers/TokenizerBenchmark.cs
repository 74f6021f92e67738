using System.Diagnostics;
using System.Globalization;
using Sweeps.Benchmarks.Training;
using Sweeps.Data;
using Sweeps.Data.Readers;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Benchmarks.Tokenizers;

/// <summary>Characters a second of every kind of tokenizer on the texts of Banking77, on one core.</summary>
internal static class TokenizerBenchmark
{
    /// <summary>What <c>--help</c> says.</summary>
    public const string Help = """
        usage: Sweeps.Benchmarks tokenizers [options]
          Every kind of tokenizer on all rows of Banking77's train.csv, one thread, target 1 M characters a second. The
          first pass meets a tokenizer that has seen none of the words; the later passes find what it remembers. Rates are
          by wall clock, in brackets by processor time (a busy machine slows the first, hardly the second).

          --shared DIR     the folder with data/ and tokenizers/ (default: $SWEEPS_SHARED, else ../shared)
          --passes 5       later passes, of which the median counts
          --only NAME      one tokenizer of the table
        """;

    /// <summary>Characters a second that each kind must reach.</summary>
    private const double Target = 1e6;

    /// <summary>Runs it and prints a table.</summary>
    /// <returns>0 when every kind met the target, 1 when one did not, 2 for options or files that cannot be used.</returns>
    public static int Run(string[] args)
    {
        if (args is ["--help" or "-h" or "-?"])
        {
            Console.WriteLine(Help);
            return 0;
        }

        try
        {
            var options = new OptionReader(args, "--shared", "--passes", "--only");
            var shared = options.Text("--shared", Environment.GetEnvironmentVariable("SWEEPS_SHARED")) ?? Path.Combine("..", "shared");
            var passes = options.Whole("--passes", 5, 1);
            var only = options.Text("--only", null);
            TrainerProcess.Become();
            return Measure(shared, passes, only);
        }
        catch (Exception error) when (error is FormatException or DataException or IOException or Models.TorchRuntimeException)
        {
            Console.Error.WriteLine($"{error.Message}\nSweeps.Benchmarks tokenizers --help says more.");
            return 2;
        }
    }

    private static int Measure(string shared, int passes, string? only)
    {
        var table = DataReader.Read(Path.Combine(shared, "data", "banking77", "train.csv"), ReadOptions.Default);
        string[] texts = [.. table.Rows.Select(row => row["text"])];
        var characters = texts.Sum(text => (long)text.Length);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {texts.Length:N0} texts of Banking77, {characters:N0} characters; M characters a second by wall clock (by processor time); median of {passes} passes

            | tokenizer | kind | ids | load, s | tokens | first pass | later passes | target 1 | met |
            |---|---|---|---|---|---|---|---|---|
            """));
        var met = true;
        var workplace = Directory.CreateTempSubdirectory("sweeps-tokenizers");
        try
        {
            foreach (var subject in TokenizerSubjects.All(shared, workplace.FullName, texts).Where(subject => only is null || subject.Name == only))
            {
                met &= Row(subject, texts, characters, passes);
            }
        }
        finally
        {
            workplace.Delete(recursive: true);
        }

        return met ? 0 : 1;
    }

    private static bool Row(TokenizerSubject subject, string[] texts, long characters, int passes)
    {
        // Another tokenizer of the kind gets the code compiled; the one measured has seen no word.
        var other = TokenizerLoader.Load(subject.Folder);
        for (var i = 0; i < 3; i++)
        {
            Pass(other, texts);
        }

        var start = Stopwatch.GetTimestamp();
        var tokenizer = TokenizerLoader.Load(subject.Folder);
        var load = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var first = Pass(tokenizer, texts);
        Sample[] later = [.. Enumerable.Range(0, passes).Select(_ => Pass(tokenizer, texts))];
        var median = new Sample(first.Tokens, Statistics.Median(later.Select(pass => pass.Wall)), Statistics.Median(later.Select(pass => pass.Processor)));
        var met = characters / first.Processor >= Target && characters / median.Processor >= Target;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {subject.Name} | {subject.Kind} | {tokenizer.VocabularySize:N0} | {load:0.00} | {first.Tokens:N0} | {Rate(first)} | {Rate(median)} | 1 | {(met ? "yes" : "NO")} |"));
        return met;

        string Rate(Sample sample) => string.Create(CultureInfo.InvariantCulture, $"{characters / sample.Wall / 1e6:0.0} ({characters / sample.Processor / 1e6:0.0})");
    }

    private static Sample Pass(ITokenizer tokenizer, string[] texts)
    {
        GC.Collect();
        var processor = TrainerProcess.ThreadSeconds();
        var start = Stopwatch.GetTimestamp();
        long tokens = 0;
        foreach (var text in texts)
        {
            tokens += tokenizer.Encode(text).Length;
        }

        return new Sample(tokens, Stopwatch.GetElapsedTime(start).TotalSeconds, TrainerProcess.ThreadSeconds() - processor);
    }

    private readonly record struct Sample(long Tokens, double Wall, double Processor);
}
