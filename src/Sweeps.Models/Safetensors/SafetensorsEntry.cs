using static TorchSharp.torch;

namespace Sweeps.Models.Safetensors;

/// <summary>One tensor of a file: where its bytes lie, counted from the end of the header.</summary>
/// <param name="Name">Name as stored.</param>
/// <param name="Type">Element type as stored.</param>
/// <param name="Shape">Dimensions; empty for a scalar.</param>
/// <param name="Begin">First byte, relative to the data.</param>
/// <param name="End">One past the last byte.</param>
public sealed record SafetensorsEntry(string Name, ScalarType Type, IReadOnlyList<long> Shape, long Begin, long End);
