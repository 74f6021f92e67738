using Microsoft.Extensions.Time.Testing;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Core.Ids;
using Sweeps.Grains.Dispatch;
using Xunit;

namespace Sweeps.Tests.Grains.Dispatch;

/// <summary>Protocol 12, and who gets which job.</summary>
public sealed class DispatcherLogicTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly DispatcherLogic _dispatcher;

    public DispatcherLogicTests() => _dispatcher = new DispatcherLogic(_time);

    [Fact]
    public async Task The_same_request_gets_the_same_offer_and_another_slot_another_job()
    {
        Set("a", 1, Job("a", 1), Job("a", 2));
        Assert.Equal(JobId.Train("a", 1), await Ask(0, 1));
        Assert.Equal(JobId.Train("a", 1), await Ask(0, 1));
        Assert.Equal(JobId.Train("a", 2), await Ask(1, 1));
        var third = Ask(2, 1);
        Assert.False(third.IsCompleted);
        Assert.Equal(new DispatcherStatus(0, 1), _dispatcher.Status);
    }

    [Fact]
    public async Task Rule_12_an_offer_lapses_after_3_s()
    {
        Set("a", 1, Job("a", 1));
        await Ask(0, 1);
        var other = Ask(1, 1);
        Tick(2.9);
        Assert.False(other.IsCompleted);
        Tick(0.2);
        Assert.Equal(JobId.Train("a", 1), await other);
    }

    [Fact]
    public async Task A_slot_waits_10_s_and_goes_away_empty_handed()
    {
        var slot = Ask(0, 1);
        Tick(9.9);
        Assert.False(slot.IsCompleted);
        Tick(0.2);
        Assert.Null(await slot);
    }

    [Fact]
    public async Task A_worker_that_drains_waits_no_longer_and_its_offers_go_to_others()
    {
        Set("a", 1, Job("a", 1));
        await Ask(0, 1);
        var waiting = Ask(1, 1);
        var other = _dispatcher.WaitForJobAsync(new SlotRequest("v", 1, 0, 1));
        _dispatcher.Leave("w", 1);
        Assert.Null(await waiting);
        Assert.Equal(JobId.Train("a", 1), await other);
    }

    [Fact]
    public async Task A_new_request_of_a_slot_ends_the_former_and_gives_its_offer_back()
    {
        var first = Ask(0, 1);
        var second = Ask(0, 2);
        Assert.Null(await first);
        Set("a", 1, Job("a", 1));
        Assert.Equal(JobId.Train("a", 1), await second);
        Assert.Null(await Ask(0, 1));
        Assert.Equal(JobId.Train("a", 1), await Ask(0, 3));

        // A new life of the worker asks: the former life's offer is its own to take.
        Assert.Equal(JobId.Train("a", 1), await _dispatcher.WaitForJobAsync(new SlotRequest("w", 2, 0, 1)));
    }

    [Fact]
    public async Task A_settled_job_is_not_brought_back_by_a_list_drawn_up_before()
    {
        Set("a", 5, Job("a", 1), Job("a", 2));
        Assert.Equal(JobId.Train("a", 1), await Ask(0, 1));
        _dispatcher.Settle(JobId.Train("a", 1), 6);
        Set("a", 5, Job("a", 1), Job("a", 2));
        Assert.Equal(JobId.Train("a", 2), await Ask(0, 2));
        _dispatcher.Settle(JobId.Train("a", 2), 7);
        Set("a", 4, Job("a", 3));
        var waits = Ask(1, 1);
        Assert.False(waits.IsCompleted);
        Set("a", 8, Job("a", 1));
        Assert.Equal(JobId.Train("a", 1), await waits);
    }

    [Fact]
    public async Task Front_jobs_go_first_and_to_the_slot_that_held_them_if_it_is_free()
    {
        Set("a", 1, Job("a", 1), Job("a", 2));
        Set("b", 1, Job("b", 7) with { Front = true });
        Assert.Equal(JobId.Train("b", 7), await Ask(0, 1));

        _dispatcher.Settle(JobId.Train("b", 7), 2);
        Set("a", 2);
        Set("b", 3);
        var other = Ask(1, 1);
        var same = Ask(2, 1);
        Set("b", 4, Job("b", 8) with { Front = true, PreferWorker = "w", PreferSlot = 2 });
        Assert.Equal(JobId.Train("b", 8), await same);
        Assert.False(other.IsCompleted);
    }

    [Fact]
    public async Task A_job_told_as_front_goes_to_its_slot_ahead_of_the_sweeps_next_list()
    {
        Set("a", 5, Job("a", 1), Job("a", 2));
        Assert.Equal(JobId.Train("a", 1), await Ask(0, 1));
        _dispatcher.Settle(JobId.Train("a", 1), 6);
        var front = Job("a", 1) with { Front = true, PreferWorker = "w", PreferSlot = 0 };
        _dispatcher.Front(front, 7);

        // A list drawn up before does not take it away, nor does late news of the grant before.
        Set("a", 6, Job("a", 2));
        _dispatcher.Settle(JobId.Train("a", 2), 6);
        Assert.Equal(JobId.Train("a", 1), await Ask(0, 2));
        _dispatcher.Settle(JobId.Train("a", 1), 8);
        _dispatcher.Front(front, 7);
        Set("a", 7, front);
        Assert.False(Ask(0, 3).IsCompleted);
    }

    [Fact]
    public async Task Sweeps_take_turns()
    {
        Set("a", 1, Job("a", 1), Job("a", 2), Job("a", 3));
        Set("b", 1, Job("b", 1), Job("b", 2), Job("b", 3));
        var served = new List<string>();
        for (var slot = 0; slot < 6; slot++)
        {
            served.Add((await Ask(slot, 1))!.Value.Sweep);
        }

        Assert.Equal(["a", "b", "a", "b", "a", "b"], served);
    }

    private Task<JobId?> Ask(int slot, long request) => _dispatcher.WaitForJobAsync(new SlotRequest("w", 1, slot, request));

    private void Set(string sweep, long seen, params ReadyJob[] jobs) => _dispatcher.SetReady(new ReadyList(sweep, seen, jobs));

    private static ReadyJob Job(string sweep, int number) => new(JobId.Train(sweep, number), false, null, null);

    private void Tick(double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _dispatcher.Tick();
    }
}
