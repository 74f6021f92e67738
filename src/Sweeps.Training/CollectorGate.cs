using System.Runtime;

namespace Sweeps.Training;

/// <summary>
/// Keeps garbage collections out of native calls. TorchSharp turns every number that an operation is given (the 1 in
/// <c>a + b</c>) into a native scalar whose managed owner is unreachable as soon as its handle is read: a collection that
/// another thread starts right then frees it under the running operation, which fails ("Unknown scalar type") or, worse,
/// computes with another number. Measured: once in some 4,000 such collections. So the training thread lets no
/// collection happen while it computes, and collects itself between two steps.
/// </summary>
internal static class CollectorGate
{
    /// <summary>Bytes that all threads may allocate between two collections, twice over.</summary>
    private const long Budget = 64L << 20;

    private static readonly Lock Gate = new();
    private static int owner;
    private static long startedAt;

    /// <summary>
    /// Called by the training thread between native calls. The first call closes the gate for this thread; later ones
    /// collect when half of the budget is used. Another thread's calls change nothing while the gate is taken.
    /// </summary>
    public static void Pass()
    {
        lock (Gate)
        {
            var self = Environment.CurrentManagedThreadId;
            if (owner != 0 && owner != self)
            {
                return;
            }

            var isClosed = owner == self && GCSettings.LatencyMode == GCLatencyMode.NoGCRegion;
            if (isClosed && GC.GetTotalAllocatedBytes() - startedAt < Budget / 2)
            {
                return;
            }

            if (isClosed)
            {
                GC.EndNoGCRegion();
            }

            // Entering the region collects what the steps before left behind.
            owner = GC.TryStartNoGCRegion(Budget) ? self : 0;
            startedAt = GC.GetTotalAllocatedBytes();
        }
    }

    /// <summary>Opens the gate again when this thread holds it: an attempt ended.</summary>
    public static void Open()
    {
        lock (Gate)
        {
            if (owner != Environment.CurrentManagedThreadId)
            {
                return;
            }

            owner = 0;
            if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
            {
                GC.EndNoGCRegion();
            }
        }
    }
}
