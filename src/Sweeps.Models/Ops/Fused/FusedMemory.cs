using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Ops.Fused;

/// <summary>What the fused operations share: when they apply, access to memory, and its release during backward.</summary>
internal static class FusedMemory
{
    [ThreadStatic]
    private static List<Tensor>? handedOver;

    [ThreadStatic]
    private static bool disabled;

    /// <summary>Set false to compute with LibTorch's own operations only, on this thread: for comparisons.</summary>
    public static bool Enabled
    {
        get => !disabled;
        set => disabled = !value;
    }

    /// <summary>Whether a tensor is 32 bits wide, on the CPU, and its last dimension a multiple of 16.</summary>
    public static bool Fits(Tensor value) =>
        Enabled && value.dtype == ScalarType.Float32 && value.device_type == DeviceType.CPU && value.size(-1) % 16 == 0;

    /// <summary>Whether an operation on these must be recorded for backward.</summary>
    public static bool Records(Tensor first, Tensor? second = null, Tensor? third = null) =>
        is_grad_enabled() && (first.requires_grad || second?.requires_grad == true || third?.requires_grad == true);

    /// <summary>The elements of a contiguous tensor.</summary>
    public static Span<float> Floats(Tensor value) => MemoryMarshal.Cast<byte, float>(value.bytes);

    /// <summary>
    /// Gradients that the last backward call gave to LibTorch are LibTorch's by the time of the next call: releasing
    /// our hold then lets it free them as it goes, instead of at the end of the step.
    /// </summary>
    public static List<Tensor> HandOver(List<Tensor> gradients)
    {
        handedOver = gradients;
        return gradients;
    }

    public static void ReleaseHandedOver()
    {
        if (handedOver is not null)
        {
            foreach (var gradient in handedOver)
            {
                gradient?.Dispose();
            }

            handedOver = null;
        }
    }
}
