using System.Text.Json.Nodes;
using Sweeps.Models.Methods.Peft;
using static TorchSharp.torch;

namespace Sweeps.Models.Methods.Prompts;

/// <summary>
/// Prompt tuning (https://arxiv.org/abs/2104.08691): rows before the token embeddings, not scaled by anything. A text's own
/// tokens start at position n.
/// </summary>
public sealed class PromptTuning : VirtualTokens
{
    /// <summary>Puts new rows before the texts of <paramref name="model"/>.</summary>
    /// <exception cref="ArgumentException">An encoder, or a number of virtual tokens out of range.</exception>
    public PromptTuning(Transformer model, IReadOnlyList<NamedParameter> headParameters, PromptOptions options)
        : base(model, headParameters, options, "prompt", Width(model)) => Place(Table.Value);

    internal override JsonObject PeftConfig() => new()
    {
        ["modules_to_save"] = PeftText.List(SavedModuleNames()),
        ["num_attention_heads"] = QueryHeads(),
        ["num_layers"] = Model.LayerCount,
        ["num_transformer_submodules"] = 1,
        ["num_virtual_tokens"] = Count,
        ["peft_type"] = "PROMPT_TUNING",
        ["prompt_tuning_init"] = "RANDOM",
        ["prompt_tuning_init_text"] = null,
        ["task_type"] = PeftText.TaskType(Model, HeadParameters),
        ["token_dim"] = Model.HiddenSize,
        ["tokenizer_kwargs"] = null,
        ["tokenizer_name_or_path"] = null,
    };

    private protected override void Place(Tensor? table) => Model.SoftPrompt = table;

    private long QueryHeads() =>
        Model.Linears.First(linear => linear.Name.EndsWith(".q_proj", StringComparison.Ordinal)).Outputs / Model.HeadWidth;

    private static long Width(Transformer model)
    {
        RefuseEncoder(model, "prompt");
        return model.HiddenSize;
    }
}
