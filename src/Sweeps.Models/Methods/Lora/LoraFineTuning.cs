using System.Text.Json.Nodes;
using Sweeps.Models.Layers;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Peft;

namespace Sweeps.Models.Methods.Lora;

/// <summary>
/// Trains low-rank adapters beside the frozen model, and the head in full: LoRA, rank-stabilised LoRA, DoRA, and over a
/// quantised model QLoRA.
/// </summary>
public sealed class LoraFineTuning : AdapterFineTuning
{
    /// <summary>Attaches new adapters to <paramref name="model"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or a target names nothing in the model.</exception>
    public LoraFineTuning(Transformer model, IReadOnlyList<NamedParameter> headParameters, LoraOptions options)
        : base(model, headParameters, Find(model, options), options.ModulesToSave)
    {
        Options = options;
        Attach(Targets.Select(
            target => options.WeightDecomposed ? new DoraAdapter(target, options) : new LoraAdapter(target, options)));
    }

    /// <summary>What the adapters were made with.</summary>
    public LoraOptions Options { get; }

    internal override JsonObject PeftConfig()
    {
        var names = Describe(out var layers);
        return new JsonObject
        {
            ["alora_invocation_tokens"] = null,
            ["alpha_pattern"] = new JsonObject(),
            ["arrow_config"] = null,
            ["bias"] = "none",
            ["corda_config"] = null,
            ["ensure_weight_tying"] = false,
            ["eva_config"] = null,
            ["exclude_modules"] = null,
            ["fan_in_fan_out"] = false,
            ["init_lora_weights"] = Options.Start == LoraStart.Gaussian ? "gaussian" : true,
            ["kasa_config"] = null,
            ["layer_replication"] = null,
            ["layers_pattern"] = null,
            ["layers_to_transform"] = PeftText.List(layers),
            ["loftq_config"] = new JsonObject(),
            ["lora_alpha"] = PeftText.Number(Options.Alpha, wholeIsInteger: true),
            ["lora_bias"] = false,
            ["lora_dropout"] = PeftText.Number(Options.Dropout),
            ["lora_ga_config"] = null,
            ["megatron_config"] = null,
            ["megatron_core"] = "megatron.core",
            ["modules_to_save"] = PeftText.List(SavedModuleNames(Options.ModulesToSave)),
            ["monteclora_config"] = null,
            ["peft_type"] = "LORA",
            ["qalora_group_size"] = 16,
            ["r"] = Options.Rank,
            ["rank_pattern"] = new JsonObject(),
            ["target_modules"] = Options.Targets.Pattern is { } pattern ? pattern : PeftText.List(names),
            ["target_parameters"] = null,
            ["task_type"] = PeftText.TaskType(Model, HeadParameters),
            ["trainable_token_indices"] = null,
            ["use_bdlora"] = null,
            ["use_dora"] = Options.WeightDecomposed,
            ["use_qalora"] = false,
            ["use_rslora"] = Options.RankStabilised,
            ["velora_config"] = null,
        };
    }

    private static IReadOnlyList<Linear> Find(Transformer model, LoraOptions options)
    {
        CheckFrozenLayers(model, options.FrozenLayers);
        var targets = TargetSelection.Find(model, options.Targets, PeftDefaults.Lora(model.ModelType), options.FrozenLayers);
        Check(options, targets);
        return targets;
    }

    private static void Check(LoraOptions options, IReadOnlyList<Linear> targets)
    {
        var narrow = targets.MinBy(target => Math.Min(target.Inputs, target.Outputs));
        var widest = narrow is null ? int.MaxValue : Math.Min(narrow.Inputs, narrow.Outputs);
        if (options.Rank < 1 || options.Rank > widest)
        {
            throw new ArgumentException(narrow is null
                ? $"LoRA rank must be at least 1; found {options.Rank}"
                : $"LoRA rank must be from 1 to {widest}, the smaller side of {narrow.Name} "
                + $"[{narrow.Outputs}, {narrow.Inputs}]; found {options.Rank}");
        }

        if (options.Dropout is not (>= 0 and < 1) || !double.IsFinite(options.Alpha))
        {
            throw new ArgumentException(
                $"LoRA dropout must be at least 0 and below 1 and alpha finite; found {options.Dropout} and {options.Alpha}");
        }
    }
}
