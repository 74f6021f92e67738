using Sweeps.Torch.Tests.Models;
using Sweeps.Training.Curves;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Curves;

/// <summary>The curve on disk and its thinning for the ledger.</summary>
public sealed class CurveTests
{
    [Fact]
    public void Reads_back_the_same_bits_and_passes_over_a_torn_line()
    {
        using var folder = new TempFolder();
        CurvePoint[] points = [new(1, 1.0986123085021973, 0, 3.7e-9), new(2, 0.1 + 0.2, 1e-3 / 3, double.MaxValue)];
        using (var curve = CurveFile.Create(folder.Path, "2.10.0 AVX512 1"))
        {
            Array.ForEach(points, curve.Append);
        }

        File.AppendAllText(folder["curve"], "3 0.25 0.");
        Assert.Equal(points, CurveFile.Read(folder.Path, "2.10.0 AVX512 1").Values);
        Assert.Empty(CurveFile.Read(folder.Path, "2.10.0 AVX2 1"));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(500, 1)]
    [InlineData(501, 2)]
    [InlineData(1001, 2)]
    [InlineData(1002, 4)]
    [InlineData(1_000_000, 2048)]
    public void At_most_five_hundred_points(int steps, int stride)
    {
        Assert.Equal(stride, PointThinner.Stride(steps));
        Assert.InRange(steps / stride, 1, 500);
    }
}
