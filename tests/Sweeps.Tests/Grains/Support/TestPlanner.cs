using System.Globalization;
using Sweeps.Abstractions.Sweep;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Grains.Sweep;

namespace Sweeps.Tests.Grains.Support;

/// <summary>Plans from words instead of YAML: <c>trials=4 preflights=1 test=1 retries=3 concurrency=0 max_time=60</c>.</summary>
internal sealed class TestPlanner : ILaunchPlanner
{
    public LaunchPlan Plan(LaunchRequest request)
    {
        if (request.SpecYaml.Contains("wrong", StringComparison.Ordinal))
        {
            return LaunchPlan.Refused("grid.yaml:1:1: wrong");
        }

        var words = request.SpecYaml.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(w => w.Split('='))
            .ToDictionary(w => w[0], w => double.Parse(w[1], CultureInfo.InvariantCulture));
        double Get(string name, double fallback) => words.GetValueOrDefault(name, fallback);

        var facts = new SweepFacts
        {
            Concurrency = (int)Get("concurrency", 0),
            Retries = (int)Get("retries", 3),
            MaxTimeSeconds = words.TryGetValue("max_time", out var limit) ? limit : null,
            KeepCheckpoints = Get("keep", 0) > 0,
            HasTest = Get("test", 1) > 0,
            TotalSteps = 100,
        };
        var trials = Enumerable.Range(1, (int)Get("trials", 1))
            .Select(n => new PlannedPoint($$"""{"n":{{n}}}""", $$"""{"n":{{n}}}"""))
            .ToList();
        var preflights = Enumerable.Range(1, (int)Get("preflights", 0)).Select(n => $$"""{"preflight":{{n}}}""").ToList();
        return new LaunchPlan([], "test", "macro_f1", Get("maximize", 1) > 0, facts, trials, preflights);
    }

    public double? Estimate(SweepRow sweep, IReadOnlyDictionary<string, double> secondsPerStep) =>
        secondsPerStep.Values.Sum() * 100;

    public static LaunchRequest Request(string words, string clientId = "client-1") => new(
        clientId,
        words,
        "grid.yaml",
        "builtin:tiny",
        new DataFacts { Labels = ["a", "b"], Rows = new Dictionary<string, int> { ["train"] = 8 } },
        null,
        [
            Input("train"), Input("validation"), Input("test"), Input("base/model.safetensors"),
        ]);

    private static InputRow Input(string role) =>
        new() { Sweep = "", Role = role, Name = role, Sha256 = new string('a', 64), Bytes = 1 };
}
