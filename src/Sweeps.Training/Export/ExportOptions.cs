using Sweeps.Core.Api;

namespace Sweeps.Training.Export;

/// <summary>How a trained model is exported.</summary>
public sealed record ExportOptions
{
    /// <summary>Fold an adapter into the weights and write the whole model.</summary>
    public bool Merge { get; init; }

    /// <summary>Copy the base model of an adapter into the folder <c>base</c> beside it, so that the export stands alone.</summary>
    public bool WithBase { get; init; }

    /// <summary>What the model card tells of where the model comes from; null: it says that it does not know.</summary>
    public ModelOrigin? Origin { get; init; }
}

/// <summary>What was written.</summary>
internal enum ExportForm
{
    /// <summary>The whole model, as it was trained.</summary>
    Whole,

    /// <summary>The whole model with an adapter folded in.</summary>
    Merged,

    /// <summary>What PEFT puts on the base model.</summary>
    Adapter,
}
