using System.Runtime.CompilerServices;
using Sweeps.Models;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models;

internal static class TorchSetup
{
    /// <summary>Before any test: LibTorch is loaded, one intra-op thread, as in a trainer.</summary>
    [ModuleInitializer]
    internal static void Load()
    {
        TorchRuntime.EnsureLoaded();
        set_num_threads(1);
    }
}
