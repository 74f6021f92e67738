using System.Diagnostics;
using System.Globalization;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Sweeps.Core.Planning;
using Sweeps.Core.States;

namespace Sweeps.Benchmarks.Throughput;

/// <summary>
/// Many short trials on a real silo with the ledger in FULL, each slot a stand-in process that writes one evaluation
/// and one final checkpoint of 4 KB a trial. The minimum is trials x seconds / slots; what is over it counts from the
/// launch to the end of the last trial, on a silo that has run a short sweep before (<c>--warm-up 0</c>: a fresh one).
/// </summary>
internal static class ThroughputBenchmark
{
    /// <summary>Runs it and prints what it took.</summary>
    /// <returns>0 within the limit, 1 over it or with a trial that did not complete.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var options = ThroughputOptions.Parse(args);
        var home = new SweepsHome(options.Home ?? Directory.CreateTempSubdirectory("sweeps-throughput").FullName);
        try
        {
            return await MeasureAsync(options, home);
        }
        finally
        {
            if (options.Home is null)
            {
                Directory.Delete(home.Root, recursive: true);
            }
        }
    }

    private static async Task<int> MeasureAsync(ThroughputOptions options, SweepsHome home)
    {
        var began = Stopwatch.GetTimestamp();
        using var silo = await SiloUnderTest.StartAsync(options, home);
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"silo ready after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s"));
        if (options.WarmUp > 0)
        {
            // A silo that is up has compiled its code and its trainers theirs: what is measured is not their first second.
            _ = await FollowAsync(silo, await LaunchAsync("warm-up", options.WarmUp, home, silo), quiet: true);
        }

        began = Stopwatch.GetTimestamp();
        var launch = await LaunchAsync("throughput", options.Trials, home, silo);
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{launch.Trials} trials launched after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s"));
        var (siloBefore, trainersBefore) = (CpuSeconds(silo.ProcessId), TrainersCpu(home));
        var summary = await FollowAsync(silo, launch, quiet: false);
        return Report(options, summary, launch.Trials, CpuSeconds(silo.ProcessId) - siloBefore, TrainersCpu(home) - trainersBefore);
    }

    /// <returns>The sweep once its trials have ended.</returns>
    private static async Task<SweepSummary> FollowAsync(SiloUnderTest silo, LaunchReply launch, bool quiet)
    {
        var began = Stopwatch.GetTimestamp();
        var (done, before) = (0, 0.0);
        while (true)
        {
            // Looking at ten thousand trials costs the silo a tenth of a second: rarely, so that the look is not what is measured.
            await Task.Delay(quiet ? 200 : 5000);
            var summary = await silo.SummaryAsync(launch.Sweep);
            if (summary.FinishedAt is not null || summary.State is SweepState.Scoring or SweepState.Failed)
            {
                return summary;
            }

            var now = summary.Counts.GetValueOrDefault(JobState.Completed);
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (!quiet)
            {
                Console.Error.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{seconds,6:0.0} s  {now,6} of {launch.Trials}  {(now - done) / (seconds - before),4:0} a second  silo {CpuSeconds(silo.ProcessId):0.0} s of CPU"));
            }

            (done, before) = (now, seconds);
        }
    }

    private static double TrainersCpu(SweepsHome home) => Directory.EnumerateFiles(home.Slots, "*.json")
        .Select(path => SweepsJson.Read<ProcessIdentity>(File.ReadAllText(path)).ProcessId)
        .Sum(CpuSeconds);

    private static int Report(ThroughputOptions options, SweepSummary summary, int trials, double siloCpu, double trainersCpu)
    {
        var minimum = trials * options.Seconds / options.Slots;
        var took = ((summary.FinishedAt ?? 0) - summary.CreatedAt) / 1000.0;
        var completed = summary.Counts.GetValueOrDefault(JobState.Completed);
        var over = (took / minimum) - 1;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{completed} of {trials} trials of {options.Seconds} s on {options.Slots} slots: {took:0.0} s from launch to the end, minimum {minimum:0.0} s, {over:+0.0%;-0.0%} over, {completed / took:0.0} trials a second, CPU a trial: silo {1000 * siloCpu / trials:0.0} ms, stand-ins {1000 * trainersCpu / trials:0.0} ms"));
        return summary.State == SweepState.Completed && completed == trials && over <= options.Limit ? 0 : 1;
    }

    private static async Task<LaunchReply> LaunchAsync(string name, int trials, SweepsHome home, SiloUnderTest silo)
    {
        // A base that is only hashed: the stand-in loads nothing.
        var folder = Directory.CreateDirectory(Path.Combine(home.Root, "base")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), """{"model_type":"stand-in"}""");
        await File.WriteAllTextAsync(Path.Combine(folder, "tokenizer.json"), "{}");
        await File.WriteAllTextAsync(Path.Combine(folder, "model.safetensors"), "not read");
        var data = await silo.UploadAsync("train", "train.csv", "text,label\na,no\nb,yes\nc,no\nd,yes\n");

        // Two axes whose product is the number of trials; neither changes what the stand-in does.
        var first = Enumerable.Range(1, 1000).Last(n => trials % n == 0 && trials / n <= 1000);
        var rates = Enumerable.Range(1, first).Select(n => (n * 1e-5).ToString("0.#####e+0", CultureInfo.InvariantCulture));
        var decays = Enumerable.Range(1, trials / first).Select(n => (n * 1e-4).ToString("0.####", CultureInfo.InvariantCulture));
        var spec = $$"""
            name: {{name}}
            base: {{folder}}
            data:
              train: train.csv
              validation: 0.5
              label: label
            template: "{text}"
            grid:
              learning_rate: [{{string.Join(", ", rates)}}]
              weight_decay: [{{string.Join(", ", decays)}}]
            """;
        return await silo.LaunchAsync(new LaunchBody
        {
            ClientId = Guid.NewGuid().ToString("N"),
            SpecYaml = spec,
            Base = folder,
            SpecFolder = home.Root,
            Files = [data],
            Data = new DataFacts
            {
                Labels = ["no", "yes"],
                Rows = new Dictionary<string, int> { ["train"] = 2, ["validation"] = 2 },
                ClassCounts = new Dictionary<string, int> { ["no"] = 1, ["yes"] = 1 },
                Columns = ["text", "label"],
            },
        });
    }

    private static double CpuSeconds(int processId)
    {
        using var process = Process.GetProcessById(processId);
        return process.TotalProcessorTime.TotalSeconds;
    }
}
