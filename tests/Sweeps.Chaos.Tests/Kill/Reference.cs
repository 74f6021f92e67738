[assembly: AssemblyFixture(typeof(Sweeps.Chaos.Tests.Kill.Reference))]

namespace Sweeps.Chaos.Tests.Kill;

/// <summary>The undisturbed runs that every killed one must equal; made once, when the first case asks.</summary>
public sealed class Reference : IDisposable
{
    private readonly SemaphoreSlim _once = new(1, 1);
    private readonly Dictionary<string, Outcome> _outcomes = new(StringComparer.Ordinal);
    private readonly string _folder = Directory.CreateTempSubdirectory("sweeps-kill-data-").FullName;
    private KillSweep? _sweep;

    /// <summary>The sweep's spec, data and base.</summary>
    internal async Task<KillSweep> SweepAsync()
    {
        await _once.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (_sweep is null)
            {
                using var home = new TestHome();
                _sweep = await KillSweep.PrepareAsync(home, _folder, rows: 1200);
            }

            return _sweep;
        }
        finally
        {
            _once.Release();
        }
    }

    /// <summary>What the undisturbed run of this spec ended with.</summary>
    internal async Task<Outcome> OfAsync(string spec)
    {
        await _once.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (!_outcomes.TryGetValue(spec, out var outcome))
            {
                using var home = new TestHome();
                await home.UpAsync();
                var sweep = await home.LaunchAsync(spec);
                await home.EndedAsync(sweep);
                outcome = Outcome.Of(home, sweep);
                Assert.True(outcome.State == "completed", home.Story());
                Assert.All(outcome.Trials, t => Assert.Equal("completed", t.State));
                Assert.All(outcome.Trials, t => Assert.NotEmpty(t.FinalSha256));
                Assert.Equal(outcome.Trials.Count, outcome.Trials.Select(t => t.FinalSha256).Distinct().Count());
                _outcomes[spec] = outcome;
            }

            return outcome;
        }
        finally
        {
            _once.Release();
        }
    }

    public void Dispose()
    {
        _once.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
