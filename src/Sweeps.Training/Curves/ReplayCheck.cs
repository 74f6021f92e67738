using Sweeps.Core.Trainer;

namespace Sweeps.Training.Curves;

/// <summary>
/// Compares each replayed step with what former attempts wrote for it, bit for bit: the live proof that resuming changes
/// nothing. The first difference is told; later ones follow from it.
/// </summary>
internal sealed class ReplayCheck
{
    private readonly List<(string Attempt, IReadOnlyDictionary<int, CurvePoint> Points)> _former = [];
    private bool _told;

    /// <param name="directories">Folders of former attempts.</param>
    /// <param name="machine">Curves of another machine are not compared.</param>
    public ReplayCheck(IEnumerable<string> directories, string machine)
    {
        foreach (var directory in directories)
        {
            try
            {
                var points = CurveFile.Read(directory, machine);
                if (points.Count > 0)
                {
                    _former.Add((Path.GetFileName(directory), points));
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The janitor may remove a former attempt's folder at any time; there is then nothing to compare with.
            }
        }
    }

    /// <summary>Steps that were compared and found equal.</summary>
    public int Equal { get; private set; }

    /// <summary>What to tell of a step; null when it equals, or nobody made it before.</summary>
    public EventFrame? Compare(CurvePoint point)
    {
        foreach (var (attempt, points) in _former)
        {
            if (!points.TryGetValue(point.Step, out var before))
            {
                continue;
            }

            if (SameBits(before.Loss, point.Loss) && SameBits(before.GradientNorm, point.GradientNorm))
            {
                Equal++;
            }
            else if (!_told)
            {
                _told = true;
                return new EventFrame(
                    "replay-differs",
                    FormattableString.Invariant(
                        $"step {point.Step} gave loss {point.Loss:R} (gradient norm {point.GradientNorm:R}); {attempt} gave {before.Loss:R} ({before.GradientNorm:R})"));
            }
        }

        return null;
    }

    private static bool SameBits(double a, double b) => BitConverter.DoubleToInt64Bits(a) == BitConverter.DoubleToInt64Bits(b);
}
