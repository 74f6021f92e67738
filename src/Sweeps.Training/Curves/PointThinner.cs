namespace Sweeps.Training.Curves;

/// <summary>Which steps become points in the ledger: at most 500 a job.</summary>
internal static class PointThinner
{
    public const int MostPoints = 500;

    /// <summary>The smallest power of two with <paramref name="totalSteps"/> / stride at most 500.</summary>
    public static int Stride(int totalSteps)
    {
        var stride = 1;
        while (totalSteps / stride > MostPoints)
        {
            stride *= 2;
        }

        return stride;
    }
}
