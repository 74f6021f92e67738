using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sweeps.Core.Api;
using Sweeps.Core.States;
using Xunit;

namespace Sweeps.Chaos.Tests.Silo;

/// <summary>A sweep whose trainers crash once, scraped by a real Prometheus; every query of the dashboard is asked there.</summary>
[Trait("Category", "Chaos")]
public sealed partial class MetricsTests(ITestOutputHelper output)
{
    private const int Trials = 4;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_real_Prometheus_answers_every_query_of_the_dashboard()
    {
        if (Prometheus.Program is not { } program)
        {
            Assert.Skip("needs prometheus (apt-get install prometheus)");
            return;
        }

        using var home = new TemporaryHome();
        await using var silo = SiloRun.Start(home.Home, "--seconds 2 --steps 20 --fault crash", "--slots", "2", "--stay");
        using var client = await silo.ReadyAsync();
        await using var prometheus = await Prometheus.StartAsync(program, home.Folder, client.BaseAddress!);
        Assert.Equal("1", Assert.Single(await prometheus.QueryAsync("up == 1")).Value);

        await TinySweep.LaunchAsync(client, home.Folder, Trials);
        Assert.NotEmpty(await prometheus.QueryAsync("sum(sweeps_trials{state=\"running\"}) > 0"));
        _ = await SiloRun.UntilAsync<SweepDetail>(client, "/api/v1/sweeps/last", d => d.Summary.State == SweepState.Completed);

        Assert.NotEmpty(await prometheus.QueryAsync(string.Create(CultureInfo.InvariantCulture, $"sweeps_trials{{state=\"completed\"}} == {Trials}")));
        Assert.NotEmpty(await prometheus.QueryAsync(string.Create(CultureInfo.InvariantCulture, $"sweeps_failures_total{{class=\"crash\"}} >= {Trials}")));
        Assert.NotEmpty(await prometheus.QueryAsync(string.Create(CultureInfo.InvariantCulture, $"sweeps_recovery_seconds_count >= {Trials}")));

        foreach (var (panel, query) in Queries())
        {
            var result = await prometheus.QueryAsync(query);
            output.WriteLine($"{panel}: {query} -> {string.Join(", ", result.Select(r => r.Value))}");
            if (query.StartsWith("histogram_quantile", StringComparison.Ordinal))
            {
                Assert.All(result, r => Assert.True(double.Parse(r.Value, CultureInfo.InvariantCulture) >= 0, $"{query} is {r.Value}"));
            }
        }

        var scrape = await client.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token);
        var labels = Label().Matches(scrape).Select(m => m.Groups[1].Value).ToHashSet();
        Assert.DoesNotContain(labels, l => l.Contains("trial", StringComparison.Ordinal) || l == "job_id");
    }

    [Fact]
    public void The_dashboard_chooses_its_data_source_and_its_panels_do_not_overlap()
    {
        using var dashboard = Dashboard();
        var root = dashboard.RootElement;
        Assert.True(root.GetProperty("schemaVersion").GetInt32() >= 39);
        var variables = root.GetProperty("templating").GetProperty("list").EnumerateArray().ToList();
        Assert.Equal("datasource", variables[0].GetProperty("type").GetString());
        var taken = new HashSet<(int X, int Y)>();
        foreach (var panel in root.GetProperty("panels").EnumerateArray())
        {
            Assert.All(
                panel.GetProperty("targets").EnumerateArray(),
                t => Assert.Equal("${datasource}", t.GetProperty("datasource").GetProperty("uid").GetString()));
            var at = panel.GetProperty("gridPos").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt32());
            Assert.True(at["x"] + at["w"] <= 24, panel.GetProperty("title").GetString());
            for (var x = at["x"]; x < at["x"] + at["w"]; x++)
            {
                for (var y = at["y"]; y < at["y"] + at["h"]; y++)
                {
                    Assert.True(taken.Add((x, y)), $"{panel.GetProperty("title")} lies on another panel");
                }
            }
        }
    }

    /// <summary>The dashboard's queries with Grafana's variables filled in.</summary>
    private static List<(string Panel, string Query)> Queries()
    {
        using var dashboard = Dashboard();
        return
        [
            .. from panel in dashboard.RootElement.GetProperty("panels").EnumerateArray()
               from target in panel.GetProperty("targets").EnumerateArray()
               select (
                   panel.GetProperty("title").GetString()!,
                   target.GetProperty("expr").GetString()!
                       .Replace("$__rate_interval", "5m", StringComparison.Ordinal)
                       .Replace("$__range", "30m", StringComparison.Ordinal)
                       .Replace("$instance", ".*", StringComparison.Ordinal)),
        ];
    }

    private static JsonDocument Dashboard()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Sweeps.sln")))
        {
            folder = folder.Parent;
        }

        return JsonDocument.Parse(File.ReadAllText(Path.Combine(folder!.FullName, "dashboards", "sweeps.json")));
    }

    [GeneratedRegex("[{,]([a-z_]+)=\"")]
    private static partial Regex Label();
}
