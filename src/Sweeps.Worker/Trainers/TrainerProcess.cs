using System.Diagnostics;
using System.Text;
using Sweeps.Core.Trainer;
using Sweeps.Worker.Machine;

namespace Sweeps.Worker.Trainers;

/// <summary>
/// A trainer as a child process. Its frames go over standard input and output, which close with this process, so that a
/// trainer sees the worker's death; its standard error goes to the slot's log. Both the end of the pipe and the end of
/// the process are watched.
/// </summary>
internal sealed class TrainerProcess : ITrainer
{
    private static readonly TimeSpan DrainAfterExit = TimeSpan.FromMilliseconds(500);
    private readonly Process _process;
    private readonly FrameStream _frames;
    private readonly SlotLog _log;
    private readonly IMachine _machine;
    private readonly long _oomKillsBefore;
    private readonly CancellationTokenSource _pipesOver = new();
    private readonly Task _stderr;
    private readonly TimeProvider _clock;
    private TrainerHello? _hello;

    /// <summary>Takes over a started process whose three streams are redirected.</summary>
    public TrainerProcess(Process process, SlotLog log, IMachine machine, long oomKillsBefore, TimeProvider clock)
    {
        _process = process;
        _log = log;
        _machine = machine;
        _oomKillsBefore = oomKillsBefore;
        _clock = clock;
        _frames = new FrameStream(process.StandardOutput.BaseStream, process.StandardInput.BaseStream);
        _stderr = CopyErrorsAsync();
        Exited = WatchAsync();
    }

    public TrainerHello Hello => _hello ?? throw new InvalidOperationException("no hello yet");

    public Task<TrainerExit> Exited { get; }

    /// <summary>The pid.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Exchanges hellos.</summary>
    /// <exception cref="TrainerStartException">It ends, is silent too long, or speaks another version.</exception>
    public async Task GreetAsync(string build, TimeSpan wait, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(wait, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation, _pipesOver.Token);
        try
        {
            await _frames.WriteAsync(new WorkerHello(Frame.Version, build), cancellation).ConfigureAwait(false);
            var frame = await _frames.ReadAsync(either.Token).ConfigureAwait(false);
            if (frame is TrainerHello hello)
            {
                _hello = hello.Protocol == Frame.Version
                    ? hello
                    : throw new TrainerStartException(
                        $"the trainer speaks version {hello.Protocol} of the protocol, this worker {Frame.Version}: build both from the same source");
                return;
            }

            if (frame is not null)
            {
                throw new TrainerStartException($"the trainer began with {frame.GetType().Name} and not with its hello");
            }
        }
        catch (InvalidDataException e)
        {
            throw new TrainerStartException($"what the trainer wrote is no hello: {e.Message}", inner: e);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TrainerStartException($"the trainer said no hello within {wait.TotalSeconds:0} s");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The process ended: below.
        }
        catch (IOException)
        {
            // The pipe closed: below.
        }

        Kill();
        var exit = await Exited.ConfigureAwait(false);
        throw new TrainerStartException($"the trainer did not start: {exit.Describe()}", exit.ForMemory);
    }

    public async ValueTask<Frame?> ReadAsync()
    {
        try
        {
            return await _frames.ReadAsync(_pipesOver.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    public async ValueTask WriteAsync(Frame frame)
    {
        try
        {
            await _frames.WriteAsync(frame).ConfigureAwait(false);
        }
        catch (ObjectDisposedException e)
        {
            throw new IOException("the trainer is gone", e);
        }
    }

    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended already.
        }
    }

    public long? CpuTicks() => Exited.IsCompleted ? null : ProcessFacts.CpuTicks(_process.Id);

    public long? ResidentBytes() => Exited.IsCompleted ? null : ProcessFacts.ResidentBytes(_process.Id);

    public async ValueTask DisposeAsync()
    {
        Kill();
        await Exited.ConfigureAwait(false);
        await _pipesOver.CancelAsync().ConfigureAwait(false);
        await _stderr.ConfigureAwait(false);
        _frames.Dispose();
        _process.Dispose();
        _pipesOver.Dispose();
    }

    private async Task<TrainerExit> WatchAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);

        // What it still wrote is read, but a grandchild that keeps the pipes open must not keep the slot.
        _pipesOver.CancelAfter(DrainAfterExit);
        try
        {
            await _stderr.WaitAsync(DrainAfterExit, _clock).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The log has what came until now.
        }

        var code = _process.ExitCode;
        var words = _log.LastWords;
        var forMemory = (code == 137 && _machine.OomKills() > _oomKillsBefore)
            || (code != 0 && (words.Contains("bad_alloc", StringComparison.Ordinal)
                || words.Contains("OutOfMemoryException", StringComparison.Ordinal)
                || words.Contains("can't allocate memory", StringComparison.Ordinal)
                || words.Contains("out of memory", StringComparison.OrdinalIgnoreCase)));
        return new TrainerExit(code, forMemory, words);
    }

    private async Task CopyErrorsAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var got = await _process.StandardError.BaseStream.ReadAsync(buffer, _pipesOver.Token).ConfigureAwait(false);
                if (got == 0)
                {
                    return;
                }

                _log.Write(buffer.AsSpan(0, got));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The trainer is gone.
        }
    }
}
