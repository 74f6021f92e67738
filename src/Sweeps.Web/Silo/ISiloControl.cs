namespace Sweeps.Web.Silo;

/// <summary>What the API knows of the process it runs in, and how it ends it.</summary>
public interface ISiloControl
{
    /// <summary>Version of the product.</summary>
    string Version { get; }

    /// <summary>Build hash of silo and trainer.</summary>
    string Build { get; }

    /// <summary>Whether it stays after its last sweep.</summary>
    bool Stays { get; }

    /// <summary>When this process began, Unix milliseconds.</summary>
    long StartedAt { get; }

    /// <summary>Begins the drain and answers at once.</summary>
    /// <param name="grace">Longest time for it; null: the silo's own setting.</param>
    void Shutdown(TimeSpan? grace);
}
