using Microsoft.Extensions.Time.Testing;
using Sweeps.Worker;
using Sweeps.Worker.Attempts;

namespace Sweeps.Tests.Worker;

public sealed class HangWatchTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly HangWatch _watch;

    public HangWatchTests() => _watch = new HangWatch(new WorkerOptions(), _clock);

    [Fact]
    public void Before_three_beats_a_phase_has_ten_minutes()
    {
        _watch.Beat("load");
        _watch.Beat("load");
        Assert.Equal((601, "hang in phase load: no beat for 600 s"), TicksToHang(() => null));
    }

    [Theory]
    [InlineData(1, 61)]
    [InlineData(3, 61)]
    [InlineData(10, 201)]
    public void After_that_it_has_a_minute_or_twenty_medians(double gap, int ticks)
    {
        Beats("load", gap, gap, gap, 500, gap);
        Assert.Equal(ticks, TicksToHang(() => null).Ticks);
    }

    [Fact]
    public void The_checkpoint_writer_s_beats_do_not_hide_a_still_step()
    {
        Beats("step", 1, 1, 1);
        _watch.Beat("write");
        Assert.Equal("hang in phase step: hardly any CPU time used for 15 s", TicksToHang(() => 100).Words);
    }

    [Fact]
    public void Still_cpu_time_in_a_step_is_a_hang_after_15_s()
    {
        Beats("step", 1, 1, 1);
        var (ticks, words) = TicksToHang(() => 100);
        Assert.Equal("hang in phase step: hardly any CPU time used for 15 s", words);
        Assert.InRange(ticks, 15, 18);
    }

    [Theory]
    [InlineData("step", true)]
    [InlineData("load", false)]
    public void Cpu_time_that_moves_or_a_phase_that_waits_has_its_limit(string phase, bool moves)
    {
        Beats(phase, 1, 1, 1);
        var cpu = 0L;
        Assert.Equal(61, TicksToHang(() => moves ? cpu += 5 : 0).Ticks);
    }

    [Fact]
    public void A_hung_process_that_still_reads_its_pipe_is_seen()
    {
        Beats("step", 1, 1, 1);
        var cpu = 0L;
        var (ticks, words) = TicksToHang(() => cpu += 1);
        Assert.Equal("hang in phase step: hardly any CPU time used for 15 s", words);
        Assert.InRange(ticks, 15, 18);
    }

    [Fact]
    public void Each_phase_learns_on_its_own()
    {
        Beats("step", 1, 1, 1);
        _watch.Beat("load");
        Assert.Equal(601, TicksToHang(() => null).Ticks);
    }

    [Fact]
    public void A_writer_that_beats_does_not_hide_a_training_thread_that_is_silent()
    {
        Beats("step", 1, 1, 1);
        var (ticks, words) = TicksToHang(() =>
        {
            _watch.Beat("write");
            return 100;
        });
        Assert.Equal((61, "hang in phase step: no beat for 60 s"), (ticks, words));
    }

    private void Beats(string phase, params double[] gaps)
    {
        _watch.Beat(phase);
        foreach (var gap in gaps)
        {
            _clock.Advance(TimeSpan.FromSeconds(gap));
            _watch.Beat(phase);
        }
    }

    private (int Ticks, string Words) TicksToHang(Func<long?> cpu)
    {
        for (var tick = 1; tick < 10_000; tick++)
        {
            if (_watch.Tick(cpu) is { } words)
            {
                return (tick, words);
            }
        }

        throw new InvalidOperationException("it never hangs");
    }
}
