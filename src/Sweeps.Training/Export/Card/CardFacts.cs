using System.Text.Json.Nodes;
using Sweeps.Core.Api;
using Sweeps.Core.Spec;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Training.Evaluation;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;

namespace Sweeps.Training.Export.Card;

/// <summary>What a model card is written from.</summary>
internal sealed record CardFacts
{
    /// <summary>The trial's settings.</summary>
    public required TrialSettings Settings { get; init; }

    /// <summary>The base model.</summary>
    public required BaseIdentity Base { get; init; }

    /// <summary>Where the base lies on the exporting machine.</summary>
    public required string BaseFolder { get; init; }

    /// <summary>Whether the export holds a copy of the base.</summary>
    public required bool HasBase { get; init; }

    /// <summary>What was written.</summary>
    public required ExportForm Form { get; init; }

    /// <summary>The model.</summary>
    public required TrialModel Model { get; init; }

    /// <summary>How texts become tokens.</summary>
    public required TextEncoding Encoding { get; init; }

    /// <summary>Whether a class of Transformers reads the head's vector.</summary>
    public required bool LoadsAsUsual { get; init; }

    /// <summary>What the base's class is to be told of pooling so that it reads the head (<c>cls</c> or <c>mean</c>); null: nothing.</summary>
    public string? PoolingArgument { get; init; }

    /// <summary>The base's generation_config.json; null: it has none.</summary>
    public JsonObject? Generation { get; init; }

    /// <summary>What the decisions beside the plain one were fitted to.</summary>
    public VariantFacts Variants { get; init; } = VariantFacts.None;

    /// <summary>Where it comes from; null: not known.</summary>
    public ModelOrigin? Origin { get; init; }

    /// <summary>Whether the head has weights of its own.</summary>
    public bool Classifies => Model.Head is LinearHead or TrimmedHead;

    /// <summary>Whether a text may have several labels.</summary>
    public bool IsMultiLabel => Model.Head is MultiLabelHead;

    /// <summary>Whether it is an encoder-decoder.</summary>
    public bool IsEncoderDecoder => Model.Body is EncoderDecoder;

    /// <summary>Labels in order.</summary>
    public IReadOnlyList<string> Labels => Encoding.Labels.Names;
}
