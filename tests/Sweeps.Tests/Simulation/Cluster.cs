using Sweeps.Abstractions;
using Sweeps.Grains.Logic;
using Sweeps.Storage.Memory;

namespace Sweeps.Tests.Simulation;

/// <summary>Silos, the network between them, and what disturbs both.</summary>
internal sealed class Cluster
{
    private readonly Dictionary<(Type, string), List<Activation>> _grains = [];

    public Cluster(World world, SimOptions options)
    {
        World = world;
        Options = options;
        Recorder = new Recorder(Rows);
    }

    public World World { get; }

    public SimOptions Options { get; }

    public InMemoryLedger Rows { get; } = new();

    public Recorder Recorder { get; }

    public SimDisk Disk { get; } = new();

    public List<Silo> Silos { get; } = [];

    public bool Disturbed => World.Now.TotalSeconds < Options.Calm;

    /// <summary>A call over the network: it or its answer may be lost, and it may be delivered twice.</summary>
    public async Task<T> CallAsync<TLogic, T>(string key, Func<TLogic, Task<T>> call, double timeout = 3)
    {
        var answer = new TaskCompletionSource<T>();
        World.Schedule(TimeSpan.FromSeconds(timeout), () => answer.TrySetException(new TimeoutException()));
        if (!Disturbed || !World.Chance(Options.LoseRequest))
        {
            Deliver(key, call, answer);
        }

        if (Disturbed && World.Chance(Options.Duplicate))
        {
            World.Schedule(World.Between(0, 4), () => Deliver(key, call, new TaskCompletionSource<T>()));
        }

        return await answer.Task;
    }

    /// <summary>A hint: nobody waits for it.</summary>
    public void Hint<TLogic>(string key, Func<TLogic, Task> call)
    {
        if (!Disturbed || !World.Chance(Options.LoseRequest))
        {
            Deliver<TLogic, bool>(key, async l =>
            {
                await call(l);
                return true;
            }, new TaskCompletionSource<bool>());
        }
    }

    private void Deliver<TLogic, T>(string key, Func<TLogic, Task<T>> call, TaskCompletionSource<T> answer) =>
        World.Schedule(World.Between(0, 0.05), () => World.Spawn(async () =>
        {
            if (Resolve(typeof(TLogic), key) is not { } activation)
            {
                return;
            }

            try
            {
                var result = await call((TLogic)activation.Logic);
                if (!activation.Alive || (Disturbed && World.Chance(Options.LoseAnswer)))
                {
                    return;
                }

                await World.Delay(0, 0.05);
                answer.TrySetResult(result);
            }
            catch (OutcomeUnknownException e)
            {
                if (e.Cause is not (nameof(IOException) or nameof(StaleVersionException)))
                {
                    World.Break(e);
                }

                // As the grain does: the activation ends, the caller repeats.
                activation.Kill();
                answer.TrySetException(e);
            }
        }));

    /// <summary>The living activations, for a failure's message.</summary>
    public string Describe() => string.Join(' ', _grains.Values.SelectMany(a => a).Where(a => a.Alive).Select(a => $"{a.Type.Name}:{a.Key}"));

    private Activation? Resolve(Type type, string key)
    {
        if (!_grains.TryGetValue((type, key), out var all))
        {
            _grains[(type, key)] = all = [];
        }

        all.RemoveAll(a => !a.Alive);
        var silos = Silos.Where(s => s.Alive).ToList();
        if (silos.Count == 0)
        {
            return null;
        }

        if (all.Count == 0 || (all.Count < 2 && Disturbed && World.Chance(Options.SecondActivation)))
        {
            var activation = new Activation(this, silos[World.Random.Next(silos.Count)], type, key);
            activation.Start();
            all.Add(activation);
        }

        return all[World.Random.Next(all.Count)];
    }
}

/// <summary>Checkpoint folders.</summary>
internal sealed class SimDisk
{
    private readonly Dictionary<string, bool> _folders = new(StringComparer.Ordinal);

    public void Write(string directory, bool corrupt) => _folders[directory] = corrupt;

    public bool Exists(string directory) => _folders.ContainsKey(directory);

    public bool Verifies(string directory) => _folders.TryGetValue(directory, out var corrupt) && !corrupt;

    public void Delete(string directory) => _folders.Remove(directory);
}
