using System.Reflection;
using Sweeps.Core.Faults;
using Sweeps.Core.Trainer;
using Sweeps.Data.Caching;
using Sweeps.Training;
using Sweeps.Training.Inputs;

namespace Sweeps.Trainer.Serving;

/// <summary>
/// Serves a worker: one assignment after the other, warm, until the pipe closes, it is told to exit, or an attempt fails.
/// The calling thread trains; other threads read, send and tick.
/// </summary>
internal sealed class TrainServer : IDisposable
{
    private readonly object _gate = new();
    private readonly FrameStream _stream;
    private readonly FrameSender _sender;
    private readonly PulseWatch _pulses;
    private readonly TimeProvider _time;
    private readonly TrainerSession _session;
    private readonly Queue<JobAssignment> _assignments = new();
    private AttemptLink? _link;
    private bool _exit;

    /// <param name="input">Frames of the worker.</param>
    /// <param name="output">Frames for it.</param>
    /// <param name="cache">Where tokenised rows are kept; null: nowhere.</param>
    /// <param name="time">The clock.</param>
    public TrainServer(FileStream input, FileStream output, TokenCache? cache, TimeProvider time)
    {
        _session = new TrainerSession(cache);
        _time = time;
        _stream = new FrameStream(input, output);
        _sender = new FrameSender(_stream, time);
        _pulses = new PulseWatch(time);
    }

    /// <summary>The build that both sides name in their hello.</summary>
    public static string Build { get; } =
        typeof(Frame).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>Serves to the end.</summary>
    /// <returns>The exit code.</returns>
    public int Run()
    {
        _sender.Send(new TrainerHello(Frame.Version, Build, Environment.ProcessId, MachineFacts.Describe()));
        new Thread(Read) { IsBackground = true, Name = "frame-reader" }.Start();
        _pulses.Start(Wake, () => End(TrainerExit.Unheard, "the worker was not heard for two minutes"));
        while (Next() is { } work)
        {
            var (assignment, link) = work;
            CrashPoint.Hit("trainer-start");
            var end = AttemptRunner.Run(assignment, _session, link, _time);
            lock (_gate)
            {
                _link = null;
            }

            link.End(end);
            if (end is FailedFrame)
            {
                // A trainer that failed once is not trusted again: its native state is unknown.
                return TrainerExit.Failed;
            }
        }

        _sender.Flush();
        return TrainerExit.Ok;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private (JobAssignment Assignment, AttemptLink Link)? Next()
    {
        lock (_gate)
        {
            while (_assignments.Count == 0)
            {
                if (_exit)
                {
                    return null;
                }

                Monitor.Wait(_gate);
            }

            var assignment = _assignments.Dequeue();
            return (assignment, _link!);
        }
    }

    private void Read()
    {
        try
        {
            while (_stream.ReadAsync().AsTask().GetAwaiter().GetResult() is { } frame)
            {
                _pulses.Heard();
                Dispatch(frame);
            }
        }
        catch (Exception error) when (error is InvalidDataException)
        {
            End(TrainerExit.Protocol, error.Message);
        }
        catch (IOException)
        {
            // As good as its end.
        }

        End(TrainerExit.Ok, null);
    }

    private void Dispatch(Frame frame)
    {
        switch (frame)
        {
            case WorkerHello hello when hello.Protocol != Frame.Version:
                End(TrainerExit.Protocol, $"the worker speaks version {hello.Protocol} of the protocol, this trainer {Frame.Version}: build both from the same source");
                break;
            case StartFrame start:
                lock (_gate)
                {
                    // The link is there before the reader takes the next frame, so a command right behind finds it.
                    _link = new AttemptLink(start.Assignment.Job, start.Assignment.Attempt, _sender, _pulses);
                    _assignments.Enqueue(start.Assignment);
                    Monitor.PulseAll(_gate);
                }

                break;
            case CommandFrame { Command: TrainerCommand.Exit }:
                lock (_gate)
                {
                    _exit = true;
                    Monitor.PulseAll(_gate);
                }

                break;
            default:
                Current()?.Receive(frame);
                break;
        }

        Wake();
    }

    private void Wake() => Current()?.Wake();

    private AttemptLink? Current()
    {
        lock (_gate)
        {
            return _link;
        }
    }

    private static void End(int code, string? why)
    {
        if (why is not null)
        {
            Console.Error.WriteLine(why);
        }

        Descriptors.EndNow(code);
    }
}
