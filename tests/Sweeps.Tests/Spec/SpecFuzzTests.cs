using System.Globalization;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Examples;
using Sweeps.Search.Planning;
using Xunit;

namespace Sweeps.Tests.Spec;

/// <summary>Specs are untrusted: whatever becomes of the examples, reading gives a spec or errors, and planning never throws.</summary>
public sealed class SpecFuzzTests
{
    private static readonly string[] Pieces =
    [
        ":", "- ", "[", "]", "{", "}", "\"", "'", "#", "&a ", "*a", "!!str ", "!<x> ", "|", ">", "---\n", "...\n", "%YAML 9.9\n", "\t", "\n", "\r", "\0",
        "? ", "<<: ", "~", "null", "1e999", "-1", "NaN", "99999999999999999999", "\uFEFF", "\uD800", "é", "\u2028", "{{", "}}", "{", "when: ", "values: ",
        "grid:\n  ", "seeds: ", "  ", "rank: ", "epochs: ", ", ", "all-linear", "\\x", "`", "@", "%", "builtin:",
    ];

    private static readonly DataFacts Data = new()
    {
        Labels = ["a", "b"],
        Rows = new Dictionary<string, int> { ["train"] = 100, ["validation"] = 10 },
        Columns = ["text", "label"],
    };

    private static readonly ModelFacts Model = new()
    {
        Family = "bert",
        Layers = 2,
        HiddenSize = 8,
        Parameters = 1_000,
        MaxPositions = 32,
        IsDecoder = false,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Mutated_examples_never_throw(int seed)
    {
        var random = new Random(seed);
        var examples = SpecExamples.Names.Select(name => SpecExamples.Get(name)!).ToArray();
        var good = 0;
        for (var i = 0; i < 2_000; i++)
        {
            var yaml = Mutate(examples[random.Next(examples.Length)], random);
            try
            {
                var result = SpecReader.Read(yaml, "fuzz.yaml");
                Assert.True((result.Spec is null) == (result.Errors.Count > 0), "a spec or errors, never both, never neither");
                Assert.All(result.Errors, error => Assert.True(error is { Line: >= 1, Column: >= 1 } && !error.ToString().Any(char.IsControl)));
                if (result.Spec is not null)
                {
                    good++;
                    var plan = Planner.Plan(result.Spec, Data, Model);
                    Assert.True(plan.Trials.Count > 0 || plan.Errors.Count > 0);
                }
            }
            catch (Exception error) when (error is not Xunit.Sdk.XunitException)
            {
                Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, round {i}: {error}\n{yaml}"));
            }
        }

        // Were every mutant refused at its first character, the walk would have shown little.
        Assert.InRange(good, 50, 1_900);
    }

    private static string Mutate(string yaml, Random random)
    {
        for (var changes = random.Next(1, 6); changes > 0; changes--)
        {
            var at = random.Next(yaml.Length + 1);
            var length = Math.Min(random.Next(1, 20), yaml.Length - at);
            yaml = random.Next(6) switch
            {
                0 => yaml.Remove(at, length),
                1 => yaml.Insert(at, Pieces[random.Next(Pieces.Length)]),
                2 => yaml.Insert(at, yaml.Substring(at, length)),
                3 => yaml.Remove(at, Math.Min(1, length)).Insert(at, ((char)random.Next(1, 0x250)).ToString()),
                4 => SwapLines(yaml, random),
                _ => yaml.Insert(at, random.Next(-5, 70_000).ToString(CultureInfo.InvariantCulture)),
            };
        }

        return yaml;
    }

    private static string SwapLines(string yaml, Random random)
    {
        var lines = yaml.Split('\n');
        var (a, b) = (random.Next(lines.Length), random.Next(lines.Length));
        (lines[a], lines[b]) = (lines[b], lines[a]);
        return string.Join('\n', lines);
    }
}
