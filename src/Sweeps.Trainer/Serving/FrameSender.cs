using Sweeps.Core.Trainer;

namespace Sweeps.Trainer.Serving;

/// <summary>
/// Sends frames from a thread of its own, so that a full pipe never holds the training thread up. Offers, events and ends
/// are queued and never dropped; beats and progress wait in one place each, where a newer one replaces the older, and go
/// out a few times a second.
/// </summary>
internal sealed class FrameSender
{
    private static readonly TimeSpan Thin = TimeSpan.FromMilliseconds(200);

    private readonly object _gate = new();
    private readonly FrameStream _stream;
    private readonly TimeProvider _time;
    private readonly Queue<Frame> _queue = new();
    private readonly Dictionary<string, BeatFrame> _beats = new(StringComparer.Ordinal);
    private ProgressFrame? _progress;
    private long _thinned;
    private bool _busy;
    private bool _broken;

    public FrameSender(FrameStream stream, TimeProvider time)
    {
        _stream = stream;
        _time = time;
        _thinned = time.GetTimestamp();
        new Thread(Run) { IsBackground = true, Name = "frame-sender" }.Start();
    }

    /// <summary>Sends a frame that must arrive.</summary>
    public void Send(Frame frame)
    {
        lock (_gate)
        {
            _queue.Enqueue(frame);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Sends a beat within the next fifth of a second; the newest of a phase stands for the earlier ones.</summary>
    public void Beat(BeatFrame beat)
    {
        lock (_gate)
        {
            _beats[beat.Phase] = beat;
            if (_beats.Count == 1)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Sends progress within the next fifth of a second, unless newer progress replaces it.</summary>
    public void Progress(ProgressFrame progress)
    {
        lock (_gate)
        {
            var first = _progress is null;
            _progress = progress;
            if (first)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Waits until all is written, the last progress included, or the pipe is broken.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            TakeThinned();
            Monitor.PulseAll(_gate);
            while (!_broken && (_busy || _queue.Count > 0))
            {
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Sends the frame that ends an attempt behind everything said before, and waits until it is written.</summary>
    public void End(Frame frame)
    {
        lock (_gate)
        {
            TakeThinned();
            _queue.Enqueue(frame);
        }

        Flush();
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                _stream.Write(Next());
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The worker is gone: the reader sees the end of the pipe and ends the process.
            lock (_gate)
            {
                _broken = true;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private Frame Next()
    {
        lock (_gate)
        {
            _busy = false;
            Monitor.PulseAll(_gate);
            while (_queue.Count == 0)
            {
                var wait = Thin - _time.GetElapsedTime(_thinned);
                if (_beats.Count == 0 && _progress is null)
                {
                    Monitor.Wait(_gate);
                }
                else if (wait > TimeSpan.Zero)
                {
                    Monitor.Wait(_gate, wait);
                }
                else
                {
                    TakeThinned();
                }
            }

            _busy = true;
            return _queue.Dequeue();
        }
    }

    private void TakeThinned()
    {
        _thinned = _time.GetTimestamp();
        foreach (var beat in _beats.Values)
        {
            _queue.Enqueue(beat);
        }

        _beats.Clear();
        if (_progress is not null)
        {
            _queue.Enqueue(_progress);
            _progress = null;
        }
    }
}
