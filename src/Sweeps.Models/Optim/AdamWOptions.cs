namespace Sweeps.Models.Optim;

/// <summary>Options of <see cref="AdamW"/>, with PyTorch's meanings and Hugging Face's defaults.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the mean of gradients, 0 up to, not including, 1; default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the mean of squared gradients, 0 up to, not including, 1; default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the denominator; default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay, for parameters whose <see cref="NamedParameter.Decays"/> is set; default 0.</summary>
    public double WeightDecay { get; init; }
}
