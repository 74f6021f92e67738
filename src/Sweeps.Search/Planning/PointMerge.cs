using System.Security.Cryptography;
using System.Text;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Sweeps.Search.Space;

namespace Sweeps.Search.Planning;

/// <summary>Merges points with equal settings and counts what that saved, axis by axis.</summary>
internal sealed class PointMerge(SearchSpace space)
{
    private readonly HashSet<UInt128> _seen = [];
    private readonly bool[] _applies = new bool[space.Axes.Count];
    private readonly OrderedDictionary<(int Axis, string Reason), (int Points, int Into)> _merged = [];

    public List<SpacePoint> Unique { get; } = [];

    public int Points { get; private set; }

    public IReadOnlyList<MergedAxis> Merged =>
        [.. _merged.OrderBy(entry => entry.Key.Axis).Select(entry => new MergedAxis(space.Axes[entry.Key.Axis].Name, entry.Key.Reason, entry.Value.Points, entry.Value.Into))];

    public IReadOnlyList<string> NotApplying => [.. space.Axes.Where((_, index) => !_applies[index]).Select(axis => axis.Name)];

    public void Add(SpacePoint point)
    {
        Points++;
        for (var i = 0; i < _applies.Length; i++)
        {
            if (point.NotApplying[i] is not { } reason)
            {
                _applies[i] = true;
                continue;
            }

            var (points, into) = _merged.GetValueOrDefault((i, reason));
            _merged[(i, reason)] = (points + 1, into + (point.Choice[i] == 0 ? 1 : 0));
        }

        if (IsNew(point.Settings))
        {
            Unique.Add(point);
        }
    }

    /// <summary>Whether no trial has had these settings yet; from now on one has.</summary>
    public bool IsNew(TrialSettings settings)
    {
        // Lists in a record compare by reference, so the text of the settings is the key; of it only a hash is kept.
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(SweepsJson.Write(settings)));
        return _seen.Add(new UInt128(BitConverter.ToUInt64(hash, 0), BitConverter.ToUInt64(hash, 8)));
    }

    public void Warn(PlanReport report)
    {
        foreach (var axis in NotApplying)
        {
            var why = Merged.First(merged => merged.Axis == axis).Reason;
            report.Warn($"{axis} applies to no trial: it does nothing {why}; take it out of the grid");
        }
    }
}
