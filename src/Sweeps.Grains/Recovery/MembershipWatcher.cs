using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sweeps.Abstractions.Workers;
using Sweeps.Grains.Logic;

namespace Sweeps.Grains.Recovery;

/// <summary>
/// The fast part of recovery: when membership declares a silo dead, the leases of its worker end at once. A silo's name
/// is its worker's stable name; where another silo of that name is alive, that one's registration has ended them.
/// </summary>
internal sealed class MembershipWatcher(
    IClusterMembershipService membership, IGrainFactory grains, PulseService pulse, ILogger<MembershipWatcher> logger)
    : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var known = new HashSet<SiloAddress>();
        try
        {
            await foreach (var view in membership.MembershipUpdates.WithCancellation(stoppingToken))
            {
                foreach (var member in view.Members.Values)
                {
                    if (member.Status != SiloStatus.Dead)
                    {
                        known.Add(member.SiloAddress);
                    }
                    else if (known.Remove(member.SiloAddress))
                    {
                        await TellAsync(member.Name, view, stoppingToken);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task TellAsync(string worker, ClusterMembershipSnapshot view, CancellationToken stopping)
    {
        var lives = view.Members.Values.Any(m => m.Name == worker && m.Status is SiloStatus.Joining or SiloStatus.Active);
        if (!lives)
        {
            await Hints.SendAsync(() => grains.GetGrain<IGpuWorkerGrain>(worker).SiloDiedAsync(), logger);
        }

        await Hints.SendAsync(() => pulse.PulseAsync(stopping), logger);
    }
}
