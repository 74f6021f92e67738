using System.Text.Json.Nodes;
using Sweeps.Models.Methods.Peft;
using static TorchSharp.torch;

namespace Sweeps.Models.Methods.Prompts;

/// <summary>
/// Prefix tuning (https://arxiv.org/abs/2101.00190) without a projection: keys and values of the virtual tokens in every
/// layer. A text's own tokens start at position n.
/// </summary>
public sealed class PrefixTuning : VirtualTokens
{
    /// <summary>Puts a new prefix on <paramref name="model"/>.</summary>
    /// <exception cref="ArgumentException">An encoder, or a number of virtual tokens out of range.</exception>
    public PrefixTuning(Transformer model, IReadOnlyList<NamedParameter> headParameters, PromptOptions options)
        : base(model, headParameters, options, "prefix", Width(model)) => Place(Table.Value);

    internal override JsonObject PeftConfig()
    {
        var width = Model.KeyHeads * Model.HeadWidth;
        return new JsonObject
        {
            ["encoder_hidden_size"] = width,
            ["init_weights"] = null,
            ["modules_to_save"] = PeftText.List(SavedModuleNames()),
            ["num_attention_heads"] = Model.KeyHeads,
            ["num_layers"] = Model.LayerCount,
            ["num_transformer_submodules"] = 1,
            ["num_virtual_tokens"] = Count,
            ["peft_type"] = "PREFIX_TUNING",
            ["prefix_projection"] = false,
            ["task_type"] = PeftText.TaskType(Model, HeadParameters),
            ["token_dim"] = width,
        };
    }

    private protected override void Place(Tensor? table) => Model.Prefix = table;

    private static long Width(Transformer model)
    {
        RefuseEncoder(model, "prefix");
        return 2L * model.LayerCount * model.KeyHeads * model.HeadWidth;
    }
}
