using System.Diagnostics;
using Sweeps.Core.Homes;
using Sweeps.Core.Ids;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;

namespace Sweeps.Benchmarks.Throughput;

/// <summary>
/// A process that speaks the trainer protocol and trains nothing: each assignment takes its seconds and writes one
/// evaluation and one final checkpoint of 4 KB, as real files. It ends with its input.
/// </summary>
internal sealed class StandIn
{
    private readonly StandInOptions _options;
    private readonly FrameStream _frames;
    private readonly Stream _output;
    private Running? _running;
    private double _writeSeconds = 0.005;

    private StandIn(StandInOptions options)
    {
        _options = options;
        _output = Console.OpenStandardOutput();
        _frames = new FrameStream(Console.OpenStandardInput(), _output);
    }

    /// <summary>Runs until the input ends.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var options = StandInOptions.Parse(args);
        var home = new SweepsHome(options.Home);
        Directory.CreateDirectory(home.Slots);
        using var slot = await LockAsync(Path.Combine(home.Slots, $"{options.Slot}.lock"));
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
        while (await _frames.ReadAsync() is { } frame)
        {
            switch (frame)
            {
                case WorkerHello:
                    await _frames.WriteAsync(new TrainerHello(Frame.Version, "stand-in", Environment.ProcessId, "stand-in 1"));
                    break;
                case StartFrame start:
                    _running = new Running(start.Assignment);
                    _ = RunGuardedAsync(_running);
                    break;
                case OfferAnswer answer when Mine(answer) is { } running:
                    running.Answer.TrySetResult(answer.Committed);
                    break;
                case CommandFrame { Command: TrainerCommand.Exit }:
                    return;
                case CommandFrame command when Mine(command) is { } running && _options.Fault != "deaf":
                    running.Command(command.Command);
                    break;
            }
        }
    }

    private Running? Mine(Frame frame) =>
        _running is { } running && frame.Job == running.Job && frame.Attempt == running.Attempt ? running : null;

    private async Task RunGuardedAsync(Running running)
    {
        try
        {
            await RunAsync(running);
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e.Message);
            Environment.Exit(3);
        }
    }

    private async Task RunAsync(Running running)
    {
        var began = Stopwatch.GetTimestamp();
        var step = running.Assignment.Checkpoints.Select(one => one.Step).DefaultIfEmpty(0).Max();
        var resumedFrom = step;
        if (_options.Steps > 1)
        {
            await SendAsync(running, new BeatFrame("step", 0));
            await SendAsync(running, Progress(step, resumedFrom));
        }

        while (step < _options.Steps && running.Wish == TrainerCommand.Continue)
        {
            var share = _options.Seconds * (step - resumedFrom + 1) / _options.Steps;
            await WaitUntilAsync(began, step + 1 == _options.Steps ? share - _writeSeconds : share, running.Commanded);
            if (running.Wish != TrainerCommand.Continue)
            {
                break;
            }

            step++;
            if (running.Attempt == 1 && step == 2 && await FaultAsync(running))
            {
                return;
            }

            if (_options.Steps > 1)
            {
                await SendAsync(running, new BeatFrame("step", step));
                await SendAsync(running, Progress(step, resumedFrom));
            }
        }

        if (running.Wish == TrainerCommand.Abandon)
        {
            await SendAsync(running, new ReleasedFrame(step));
            return;
        }

        var offer = await OfferAsync(running, step, began);
        if (step < _options.Steps)
        {
            await SendAsync(running, new ReleasedFrame(step));
            return;
        }

        var weights = offer.Checkpoint?.WeightsSha256;
        await SendAsync(running, new DoneFrame(weights, weights));
    }

    private async Task<OfferFrame> OfferAsync(Running running, int step, long began)
    {
        var final = step == _options.Steps;
        var job = running.Job;
        OfferedCheckpoint? checkpoint = null;
        if (job.Kind == JobKind.Train)
        {
            var before = Stopwatch.GetTimestamp();
            checkpoint = StandInCheckpoint.Write(job, running.Assignment.Directory, step, final);
            _writeSeconds = (0.8 * _writeSeconds) + (0.2 * Stopwatch.GetElapsedTime(before).TotalSeconds);
        }

        // An assignment takes its seconds, however quick the disk was.
        if (final && running.Assignment.Checkpoints.Count == 0)
        {
            await WaitUntilAsync(began, _options.Seconds, running.Commanded);
        }

        var quality = 0.5 + (job.Number % 1000 / 2500.0);
        var offer = new OfferFrame
        {
            Offer = 1,
            Checkpoint = checkpoint,
            Evaluations = final && job.Kind != JobKind.Preflight
                ?
                [
                    new OfferedEvaluation(
                        step,
                        job.Kind == JobKind.Evaluate ? "test" : "validation",
                        "plain",
                        1 - quality,
                        quality,
                        quality,
                        new Dictionary<string, double> { ["no"] = quality, ["yes"] = quality },
                        100),
                ]
                : [],
            Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds,
            TotalSteps = _options.Steps,
            StepSeconds = _options.Seconds / _options.Steps,
        };
        await SendAsync(running, offer);
        await running.Answer.Task;
        return offer;
    }

    private async Task<bool> FaultAsync(Running running)
    {
        switch (_options.Fault)
        {
            case "crash":
                await Console.Error.WriteLineAsync("the stand-in crashes as asked");
                Environment.FailFast(null);
                return true;
            case "hang":
                return true;
            case "garbage":
                await _output.WriteAsync(new byte[] { 255, 255, 255, 255, 1, 2, 3 });
                await _output.FlushAsync();
                return true;
            case "fail":
                await SendAsync(running, new FailedFrame(FailureClass.NonFiniteLoss, "the loss is NaN at step 2, as asked"));
                return true;
            default:
                return false;
        }
    }

    private ProgressFrame Progress(int step, int resumedFrom) => new()
    {
        Step = step,
        TotalSteps = _options.Steps,
        ResumedFrom = resumedFrom,
        Loss = 1.0 / (step + 1),
        StepSeconds = _options.Seconds / _options.Steps,
    };

    private static async Task WaitUntilAsync(long began, double seconds, Task commanded)
    {
        // Timers count whole milliseconds and come late: the last one is not waited for.
        var left = TimeSpan.FromSeconds(seconds) - Stopwatch.GetElapsedTime(began);
        if (left > TimeSpan.FromMilliseconds(1))
        {
            await Task.WhenAny(commanded, Task.Delay(left));
        }
    }

    private ValueTask SendAsync(Running running, Frame frame) =>
        _frames.WriteAsync(frame with { Job = running.Job, Attempt = running.Attempt });

    /// <summary>The assignment in hand.</summary>
    private sealed class Running(JobAssignment assignment)
    {
        private readonly TaskCompletionSource _commanded = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public JobAssignment Assignment => assignment;

        public JobId Job => assignment.Job;

        public int Attempt => assignment.Attempt;

        public TrainerCommand Wish { get; private set; } = TrainerCommand.Continue;

        public Task Commanded => _commanded.Task;

        public TaskCompletionSource<bool> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Command(TrainerCommand command)
        {
            Wish = command;
            _commanded.TrySetResult();
            if (command == TrainerCommand.Abandon)
            {
                Answer.TrySetResult(false);
            }
        }
    }
}
