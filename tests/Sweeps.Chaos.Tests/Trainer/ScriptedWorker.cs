using System.Diagnostics;
using System.Runtime.InteropServices;
using Sweeps.Core.Trainer;
using Xunit;

namespace Sweeps.Chaos.Tests.Trainer;

/// <summary>A worker made of a script: starts a real trainer, pulses it every second, answers its offers.</summary>
public sealed partial class ScriptedWorker : IAsyncDisposable
{
    /// <summary>Nothing that a test waits for takes this long, even on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly FrameStream _frames;
    private readonly Timer _pulses;
    private readonly Task<string> _errors;
    private JobAssignment? _assignment;

    private ScriptedWorker(Process process)
    {
        Process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _frames = new FrameStream(process.StandardOutput.BaseStream, process.StandardInput.BaseStream);
        _pulses = new Timer(_ => Pulse(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public Process Process { get; }

    public TrainerHello Hello { get; private set; } = null!;

    /// <summary>Whether the worker lives, for the trainer's eyes.</summary>
    public bool Pulses { get; set; } = true;

    /// <summary>Whether offers are answered as they come.</summary>
    public bool Answers { get; set; } = true;

    /// <summary>Every frame so far.</summary>
    public List<Frame> Seen { get; } = [];

    /// <summary>Offers that were answered with yes.</summary>
    public List<OfferFrame> Committed { get; } = [];

    public Task<string> Errors => _errors;

    public static async Task<ScriptedWorker> StartAsync(
        IReadOnlyDictionary<string, string>? environment = null, IEnumerable<string>? prefix = null, params string[] arguments)
    {
        string[] command = [.. prefix ?? [], "dotnet", TrainerWorkplace.Program, "train", .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var worker = new ScriptedWorker(Process.Start(start)!);
        await worker.SendAsync(new WorkerHello(Frame.Version, "test"));
        worker.Hello = await worker.WaitAsync<TrainerHello>();
        return worker;
    }

    public async Task BeginAsync(JobAssignment assignment)
    {
        _assignment = assignment;
        await SendAsync(new StartFrame(assignment));
    }

    /// <summary>Runs an assignment to the frame that ends it.</summary>
    public async Task<Frame> RunAsync(JobAssignment assignment)
    {
        await BeginAsync(assignment);
        return await EndAsync();
    }

    public Task<Frame> EndAsync() => WaitAsync<Frame>(frame => frame is DoneFrame or ReleasedFrame or FailedFrame);

    /// <summary>Reads up to a frame of a kind; offers met on the way are answered.</summary>
    public async Task<T> WaitAsync<T>(Func<T, bool>? where = null)
        where T : Frame
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var frame = await _frames.ReadAsync(patience.Token)
                ?? throw new EndOfStreamException($"the trainer ended: {(Process.WaitForExit(5000) ? $"code {Process.ExitCode}, {await _errors}" : "still running")}");
            Seen.Add(frame);
            if (frame is OfferFrame offer && Answers)
            {
                await AnswerAsync(offer, true);
            }

            if (frame is T match && (where is null || where(match)))
            {
                return match;
            }
        }
    }

    public async Task AnswerAsync(OfferFrame offer, bool committed)
    {
        if (committed)
        {
            Committed.Add(offer);
        }

        try
        {
            await SendAsync(new OfferAnswer(offer.Offer, committed));
        }
        catch (IOException)
        {
            // It died in the meantime: the commit stands all the same.
        }
    }

    public async Task CommandAsync(TrainerCommand command) => await SendAsync(new CommandFrame(command));

    public async Task SendAsync(Frame frame) =>
        await _frames.WriteAsync(frame with { Job = _assignment?.Job, Attempt = _assignment?.Attempt ?? 0 });

    /// <summary>Reads until the trainer is gone.</summary>
    public async Task<int> DieAsync()
    {
        try
        {
            await WaitAsync<TrainerHello>();
        }
        catch (EndOfStreamException)
        {
            // As expected.
        }

        await ExitAsync(Patience);
        return Process.ExitCode;
    }

    public async Task ExitAsync(TimeSpan within)
    {
        using var timeout = new CancellationTokenSource(within);
        await Process.WaitForExitAsync(timeout.Token);
    }

    /// <summary>Closes the pipe to the trainer, as the kernel does when a worker dies.</summary>
    public void HangUp()
    {
        Pulses = false;
        Process.StandardInput.Close();
    }

    public void Signal(Signal signal) => Assert.Equal(0, Kill(Process.Id, (int)signal));

    public async ValueTask DisposeAsync()
    {
        await _pulses.DisposeAsync();
        if (!Process.HasExited)
        {
            Process.Kill(entireProcessTree: true);
            await Process.WaitForExitAsync();
        }

        _frames.Dispose();
        Process.Dispose();
    }

    private void Pulse()
    {
        if (!Pulses)
        {
            return;
        }

        try
        {
            _frames.Write(new PulseFrame());
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            Pulses = false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}

/// <summary>Signals by their Linux numbers.</summary>
public enum Signal
{
    Interrupt = 2,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}
