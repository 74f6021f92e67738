namespace Sweeps.Web.Views;

/// <summary>Keeps checkpoints on disk while somebody outside this process reads them (an export).</summary>
public interface IReadPins
{
    /// <summary>Spares a checkpoint from deletion for a while.</summary>
    /// <param name="directory">As in <see cref="Core.Ledger.CheckpointRow.Directory"/>.</param>
    /// <param name="time">For how long.</param>
    void Pin(string directory, TimeSpan time);
}
