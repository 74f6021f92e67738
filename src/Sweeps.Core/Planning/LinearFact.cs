namespace Sweeps.Core.Planning;

/// <summary>A linear layer of a base model.</summary>
/// <param name="Name">Module path, e.g. <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Outputs">Rows of its matrix.</param>
/// <param name="Inputs">Columns of its matrix.</param>
public sealed record LinearFact(string Name, long Outputs, long Inputs);
