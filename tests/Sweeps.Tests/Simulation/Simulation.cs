using Sweeps.Abstractions;
using Sweeps.Abstractions.Sweep;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Grains.Sweep;
using Sweeps.Grains.Trials;
using Sweeps.Tests.Grains.Support;

namespace Sweeps.Tests.Simulation;

/// <summary>One seed's schedule from launch to the end, and the promises that must hold then.</summary>
internal sealed class Simulation
{
    private const string Sweep = "sim";

    /// <summary>Virtual seconds that everything must be over in, once nothing disturbs any more.</summary>
    private const double Patience = 900;

    private readonly SimOptions _options;
    private readonly World _world;
    private readonly Cluster _cluster;
    private bool _launched;

    public Simulation(int seed, SimOptions? options = null)
    {
        _options = options ?? SimOptions.Of(seed);
        _world = new World(seed);
        _cluster = new Cluster(_world, _options);
    }

    public Cluster Cluster => _cluster;

    /// <summary>Runs it; null when every promise held, else what did not.</summary>
    public string? Run()
    {
        for (var i = 0; i < _options.Silos; i++)
        {
            StartSilo($"w{i}");
        }

        _world.Spawn(LaunchAsync);
        _world.Spawn(PulseAsync);
        _world.Spawn(JanitorAsync);
        _world.Spawn(MischiefAsync);
        _world.Spawn(PersonAsync);
        var limit = TimeSpan.FromSeconds(_options.Calm + Patience);

        // Duplicates of what a person asked for are delivered until shortly after the calm begins.
        var ended = _world.Run(() => _world.Now.TotalSeconds > _options.Calm + 10 && HasEnded(), limit);
        if (_world.Broken is { } broken)
        {
            return $"at {_world.Now}: {broken}";
        }

        if (!ended)
        {
            return $"it is not over after {limit}: {Describe()}";
        }

        // Zombies and late duplicates change nothing any more.
        var change = _cluster.Rows.Change;
        _ = _world.Run(() => false, _world.Now + TimeSpan.FromSeconds(20));
        if (_world.Broken is { } late)
        {
            return $"after the end: {late}";
        }

        return Promises.Check(_cluster.Rows, Sweep, _options)
            ?? (JobsAbove(change) is { } changed ? $"{changed} changed after the end" : null);
    }

    private bool HasEnded() => _launched && Row() is { } row && row.State.HasEnded();

    private SweepRow? Row() => _cluster.Rows.FindSweepAsync(Sweep).GetAwaiter().GetResult();

    private string? JobsAbove(long change) =>
        _cluster.Rows.JobsAsync(Sweep, change).GetAwaiter().GetResult() is [var job, ..] ? job.ToString() : null;

    private string Describe()
    {
        var jobs = _cluster.Rows.JobsAsync(Sweep).GetAwaiter().GetResult();
        var row = Row();
        return $"sweep {row?.State}/{row?.Wanted}: "
            + string.Join("; ", jobs.OrderBy(j => j.Id).Select(j => $"{j.Id} {j.State}/{j.Wanted} attempt {j.Attempt} step {j.Step} {j.Worker}#{j.Incarnation}/{j.Slot} deaths {j.SiloDeaths} failures {j.Failures} {j.Message}"))
            + $"; workers {string.Join(' ', _cluster.Rows.WorkersAsync().GetAwaiter().GetResult().Select(w => $"{w.Name}#{w.Incarnation}"))}; {_cluster.Describe()}; {_options}"
            + "; events: " + string.Join("; ", _cluster.Rows.EventsAsync(Sweep, 0, 100000).GetAwaiter().GetResult().TakeLast(12)
                .Select(e => $"{e.At - 1767225600000}: {e.Job} {e.Kind} {e.Message}"));
    }

    private void StartSilo(string name)
    {
        var silo = new Silo(name);
        _cluster.Silos.RemoveAll(s => s.Name == name);
        _cluster.Silos.Add(silo);
        silo.Worker = new SimWorker(_cluster, silo);
        silo.Worker.Start();
        _world.Spawn(async () =>
        {
            while (silo.Alive)
            {
                await _world.Delay(TimeSpan.FromSeconds(0.5));
            }

            // Something starts a silo again; nothing else is asked for.
            await _world.Delay(0.5, 12);
            StartSilo(name);
        });
    }

    private async Task LaunchAsync()
    {
        var words = $"trials={_options.Trials} preflights={_options.Preflights} test={(_options.HasTest ? 1 : 0)} "
            + $"concurrency={_options.Concurrency} retries={_options.Retries}"
            + (_options.MaxTime > 0 ? $" max_time={_options.MaxTime}" : "");
        while (true)
        {
            try
            {
                var answer = await _cluster.CallAsync<SweepLogic, LaunchAnswer>(
                    Sweep, s => s.LaunchAsync(TestPlanner.Request(words)), 10);
                if (answer.Sweep != Sweep || answer.Trials != _options.Trials)
                {
                    throw new InvariantException($"the launch answered {answer}");
                }

                _launched = true;
                return;
            }
            catch (Exception e) when (e is TimeoutException or OutcomeUnknownException)
            {
                // Repeated with the same client id.
            }
        }
    }

    private async Task PulseAsync()
    {
        while (true)
        {
            await _world.Delay(1.8, 2.2);
            foreach (var sweep in await _cluster.Rows.UnfinishedSweepsAsync())
            {
                _cluster.Hint<SweepLogic>(sweep, s => s.PokeAsync(0));
            }
        }
    }

    private async Task JanitorAsync()
    {
        while (true)
        {
            await _world.Delay(2, 4);
            foreach (var checkpoint in await _cluster.Rows.CheckpointsAsync(Sweep))
            {
                if (checkpoint.Status == CheckpointStatus.Dropped)
                {
                    _cluster.Disk.Delete(checkpoint.Directory);
                }
            }
        }
    }

    private async Task MischiefAsync()
    {
        while (_cluster.Disturbed)
        {
            await _world.Delay(TimeSpan.FromSeconds(1));
            foreach (var silo in _cluster.Silos.Where(s => s.Alive).ToArray())
            {
                if (_options.SiloDeathEvery > 0 && _world.Chance(1 / _options.SiloDeathEvery))
                {
                    silo.Alive = false;
                }
                else if (_options.FreezeEvery > 0 && _world.Chance(1 / _options.FreezeEvery))
                {
                    silo.Worker!.Freeze(_world.Between(1, 25));
                }
            }
        }
    }

    private async Task PersonAsync()
    {
        while (_options.Person && _cluster.Disturbed)
        {
            await _world.Delay(1, 10);
            var trial = JobId.Train(Sweep, 1 + _world.Random.Next(_options.Trials)).ToString();
            await (_world.Random.Next(_options.Cancels ? 9 : 7) switch
            {
                0 => AskAsync<SweepLogic>(Sweep, s => s.WishAsync(Wanted.Pause)),
                1 or 2 => AskAsync<SweepLogic>(Sweep, s => s.WishAsync(Wanted.Run)),
                3 => AskAsync<TrialLogic>(trial, t => t.WishAsync(Wanted.Pause)),
                4 => AskAsync<TrialLogic>(trial, t => t.WishAsync(Wanted.Run)),
                5 => AskAsync<SweepLogic>(Sweep, s => s.RetryAsync(null)),
                6 => AskAsync<TrialLogic>(trial, t => t.RetryAsync()),
                7 => AskAsync<TrialLogic>(trial, t => t.WishAsync(Wanted.Cancel)),
                _ => AskAsync<SweepLogic>(Sweep, s => s.WishAsync(Wanted.Cancel)),
            });
        }

        // In the end everything that was set aside is wanted again.
        while (true)
        {
            await _world.Delay(1, 5);
            if (_cluster.Disturbed)
            {
                continue;
            }

            await AskAsync<SweepLogic>(Sweep, s => s.WishAsync(Wanted.Run));
            for (var n = 1; n <= _options.Trials; n++)
            {
                var trial = JobId.Train(Sweep, n).ToString();
                await AskAsync<TrialLogic>(trial, t => t.WishAsync(Wanted.Run));
            }
        }
    }

    private async Task AskAsync<TLogic>(string key, Func<TLogic, Task<WishAnswer>> wish)
    {
        try
        {
            await _cluster.CallAsync(key, wish);
        }
        catch (Exception e) when (e is TimeoutException or OutcomeUnknownException)
        {
            // The person tries something else.
        }
    }
}
