using System.Diagnostics;
using System.Text.Json;
using Sweeps.Core.Homes;

namespace Sweeps.Benchmarks.Throughput;

/// <summary>
/// A process that speaks the trainer protocol and trains nothing: each assignment takes its seconds and writes one
/// evaluation and one final checkpoint of 4 KB, as real files. It ends with its input.
/// </summary>
internal sealed class StandIn
{
    private readonly StandInOptions _options;
    private readonly StandInPipe _pipe = new(Console.OpenStandardInput(), Console.OpenStandardOutput());
    private StandInAttempt? _attempt;
    private double _writeSeconds = 0.005;

    private StandIn(StandInOptions options) => _options = options;

    /// <summary>Runs until the input ends.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var options = StandInOptions.Parse(args);
        var home = new SweepsHome(options.Home);
        Directory.CreateDirectory(home.Slots);
        using var slot = await LockAsync($"{home.Slots}/{options.Slot}.lock");
        await new StandIn(options).ServeAsync();
        return 0;
    }

    private static async Task<FileStream> LockAsync(string path)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (tries < 100)
            {
                await Task.Delay(20);
            }
        }
    }

    private async Task ServeAsync()
    {
        while (await _pipe.ReadAsync() is { } frame)
        {
            using (frame)
            {
                if (!Serve(frame.RootElement))
                {
                    return;
                }
            }
        }
    }

    private bool Serve(JsonElement frame)
    {
        switch (frame.GetProperty("type").GetString())
        {
            case "worker-hello":
                _pipe.Write("trainer-hello", null, 0, json =>
                {
                    json.WriteNumber("protocol", frame.GetProperty("protocol").GetInt32());
                    json.WriteString("build", "stand-in");
                    json.WriteNumber("process_id", Environment.ProcessId);
                    json.WriteString("machine", "stand-in 1");
                });
                return true;
            case "start":
                _attempt = new StandInAttempt(frame);
                _ = RunGuardedAsync(_attempt);
                return true;
            case "offer-answer" when Mine(frame) is { } attempt:
                attempt.Answered.TrySetResult();
                return true;
            case "command" when frame.GetProperty("command").GetString() is var command:
                if (command != "exit" && _options.Fault != "deaf")
                {
                    Mine(frame)?.Command(command!);
                }

                return command != "exit";
            default:
                return true;
        }
    }

    private StandInAttempt? Mine(JsonElement frame) =>
        _attempt is { } mine
        && frame.GetProperty("job").GetString() == mine.Job
        && frame.GetProperty("attempt").GetInt32() == mine.Attempt
            ? mine
            : null;

    private async Task RunGuardedAsync(StandInAttempt attempt)
    {
        try
        {
            await RunAsync(attempt);
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e.Message);
            Environment.Exit(3);
        }
    }

    private async Task RunAsync(StandInAttempt attempt)
    {
        var began = Stopwatch.GetTimestamp();
        var step = attempt.ResumedFrom;
        if (_options.Fault == "replay" && attempt is { Attempt: > 1, Trains: true })
        {
            Replay(attempt);
        }

        Say(attempt, step);
        while (step < _options.Steps && attempt.Wish is null)
        {
            var until = _options.Seconds * (step - attempt.ResumedFrom + 1) / _options.Steps;
            await WaitUntilAsync(began, step + 1 == _options.Steps ? until - _writeSeconds : until, attempt.Commanded);
            if (attempt.Wish is not null)
            {
                break;
            }

            step++;
            if (attempt.Attempt == 1 && step == 2 && Fault(attempt))
            {
                return;
            }

            Say(attempt, step);
        }

        if (attempt.Wish == "abandon")
        {
            Send(attempt, "released", json => json.WriteNumber("step", step));
            return;
        }

        var weights = await OfferAsync(attempt, step, began);
        if (step < _options.Steps)
        {
            Send(attempt, "released", json => json.WriteNumber("step", step));
            return;
        }

        Send(attempt, "done", json =>
        {
            json.WriteString("final_sha256", weights);
            json.WriteString("best_sha256", weights);
        });
    }

    /// <returns>Hash of the weights; null when the job writes none.</returns>
    private async Task<string?> OfferAsync(StandInAttempt attempt, int step, long began)
    {
        var final = step == _options.Steps;
        StandInCheckpoint? checkpoint = null;
        if (attempt.Trains)
        {
            var before = Stopwatch.GetTimestamp();
            checkpoint = StandInCheckpoint.Write(attempt.Job, attempt.Directory, step);
            _writeSeconds = (0.8 * _writeSeconds) + (0.2 * Stopwatch.GetElapsedTime(before).TotalSeconds);
        }

        // An assignment takes its seconds, however quick the disk was.
        if (final && attempt.ResumedFrom == 0)
        {
            await WaitUntilAsync(began, _options.Seconds, attempt.Commanded);
        }

        Send(attempt, "offer", json =>
        {
            json.WriteNumber("offer", 1);
            if (checkpoint is not null)
            {
                WriteCheckpoint(json, checkpoint, step, final);
            }

            if (final && (attempt.Trains || attempt.Evaluates))
            {
                WriteEvaluation(json, attempt, step);
            }

            json.WriteNumber("seconds", Stopwatch.GetElapsedTime(began).TotalSeconds);
            json.WriteNumber("total_steps", _options.Steps);
            json.WriteNumber("step_seconds", _options.Seconds / _options.Steps);
        });
        if (!final || !attempt.Trains)
        {
            await attempt.Answered.Task;
        }

        return checkpoint?.WeightsSha256;
    }

    private static void WriteCheckpoint(Utf8JsonWriter json, StandInCheckpoint checkpoint, int step, bool final)
    {
        json.WriteStartObject("checkpoint");
        json.WriteNumber("step", step);
        json.WriteString("directory", checkpoint.Folder);
        json.WriteString("sha256", checkpoint.Sha256);
        json.WriteNumber("bytes", checkpoint.Bytes);
        json.WriteBoolean("has_state", true);
        json.WriteBoolean("is_best", true);
        json.WriteBoolean("is_final", final);
        json.WriteString("weights_sha256", checkpoint.WeightsSha256);
        json.WriteNumber("write_seconds", 0);
        json.WriteNumber("standstill_seconds", 0);
        json.WriteEndObject();
    }

    private static void WriteEvaluation(Utf8JsonWriter json, StandInAttempt attempt, int step) =>
        WriteEvaluation(json, attempt, step, 0.5 + (attempt.Number % 1000 / 2500.0));

    private static void WriteEvaluation(Utf8JsonWriter json, StandInAttempt attempt, int step, double quality)
    {
        json.WriteStartArray("evaluations");
        json.WriteStartObject();
        json.WriteNumber("step", step);
        json.WriteString("split", attempt.Evaluates ? "test" : "validation");
        json.WriteString("variant", "plain");
        json.WriteNumber("loss", 1 - quality);
        json.WriteNumber("accuracy", quality);
        json.WriteNumber("macro_f1", quality);
        json.WriteStartObject("f1");
        json.WriteNumber("no", quality);
        json.WriteNumber("yes", quality);
        json.WriteEndObject();
        json.WriteNumber("rows", 100);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    /// <summary>Progress and a beat; an assignment of one step says nothing.</summary>
    private void Say(StandInAttempt attempt, int step)
    {
        if (_options.Steps == 1)
        {
            return;
        }

        Send(attempt, "beat", json =>
        {
            json.WriteString("phase", "step");
            json.WriteNumber("count", step);
        });
        Send(attempt, "progress", json =>
        {
            json.WriteNumber("step", step);
            json.WriteNumber("total_steps", _options.Steps);
            json.WriteNumber("resumed_from", attempt.ResumedFrom);
            json.WriteNumber("loss", 1.0 / (step + 1));
            json.WriteNumber("step_seconds", _options.Seconds / _options.Steps);
            json.WriteString("phase", "step");
        });
    }

    /// <summary>What a zombie of the former attempt would say: a better result, its final checkpoint, and that it is done.</summary>
    private void Replay(StandInAttempt attempt)
    {
        var former = attempt.Attempt - 1;
        var checkpoint = StandInCheckpoint.Write(
            attempt.Job, attempt.Directory.Replace($"attempt-{attempt.Attempt}", $"attempt-{former}", StringComparison.Ordinal), _options.Steps);
        _pipe.Write("offer", attempt.Job, former, json =>
        {
            json.WriteNumber("offer", 1);
            WriteCheckpoint(json, checkpoint, _options.Steps, final: true);
            WriteEvaluation(json, attempt, _options.Steps, quality: 0.999);
            json.WriteNumber("seconds", 1);
            json.WriteNumber("total_steps", _options.Steps);
            json.WriteNumber("step_seconds", 1);
        });
        _pipe.Write("done", attempt.Job, former, json =>
        {
            json.WriteString("final_sha256", checkpoint.WeightsSha256);
            json.WriteString("best_sha256", checkpoint.WeightsSha256);
        });
    }

    private bool Fault(StandInAttempt attempt)
    {
        switch (_options.Fault)
        {
            case "crash" or "replay":
                Environment.FailFast("the stand-in crashes as asked");
                return true;
            case "hang":
                return true;
            case "garbage":
                _pipe.WriteGarbage();
                return true;
            case "fail":
                Send(attempt, "failed", json =>
                {
                    json.WriteString("failure", "non-finite-loss");
                    json.WriteString("message", "the loss is NaN at step 2, as asked");
                });
                return true;
            default:
                return false;
        }
    }

    private static async Task WaitUntilAsync(long began, double seconds, Task commanded)
    {
        // Timers count whole milliseconds and come late: the last one is not waited for.
        var left = TimeSpan.FromSeconds(seconds) - Stopwatch.GetElapsedTime(began);
        if (left > TimeSpan.FromMilliseconds(1))
        {
            await Task.WhenAny(commanded, Task.Delay(left));
        }
    }

    private void Send(StandInAttempt attempt, string type, Action<Utf8JsonWriter> body) =>
        _pipe.Write(type, attempt.Job, attempt.Attempt, body);
}
