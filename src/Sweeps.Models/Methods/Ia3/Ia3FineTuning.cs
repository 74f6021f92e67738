using System.Text.Json.Nodes;
using Sweeps.Models.Layers;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Peft;

namespace Sweeps.Models.Methods.Ia3;

/// <summary>Trains scales on chosen linear layers of a frozen decoder, and the head in full.</summary>
public sealed class Ia3FineTuning : AdapterFineTuning
{
    private readonly Ia3Options options;
    private readonly IReadOnlyList<string> feedForward;

    /// <summary>Attaches new scales to <paramref name="model"/>.</summary>
    /// <exception cref="ArgumentException">An encoder, a target that names nothing, or a feed-forward name that is no target.</exception>
    public Ia3FineTuning(Transformer model, IReadOnlyList<NamedParameter> headParameters, Ia3Options options)
        : base(model, headParameters, Find(model, options), options.ModulesToSave)
    {
        this.options = options;
        feedForward = options.FeedForward ?? PeftDefaults.Ia3(model.ModelType)?.FeedForward ?? [];
        bool IsFeedForward(Linear target) => feedForward.Any(name => TargetSelection.Matches(target.Name, name));
        if (options.FeedForward?.FirstOrDefault(
            name => !Targets.Any(target => TargetSelection.Matches(target.Name, name))) is { } stray)
        {
            throw new ArgumentException($"feedforward_modules '{stray}' is none of the target_modules: name it there too");
        }

        Attach(Targets.Select(target => new Ia3Adapter(target, IsFeedForward(target))));
    }

    internal override JsonObject PeftConfig() => new()
    {
        ["exclude_modules"] = null,
        ["fan_in_fan_out"] = false,
        ["feedforward_modules"] = PeftText.List(feedForward.Order(StringComparer.Ordinal)),
        ["init_ia3_weights"] = true,
        ["modules_to_save"] = PeftText.List(SavedModuleNames(options.ModulesToSave)),
        ["peft_type"] = "IA3",
        ["target_modules"] = options.Targets.Pattern is { } pattern ? pattern : PeftText.List(TargetNames()),
        ["task_type"] = PeftText.TaskType(Model, HeadParameters),
    };

    /// <summary>IA3 has no layers_to_transform in PEFT: with frozen layers the names say which.</summary>
    private IEnumerable<string> TargetNames()
    {
        var names = Describe(out var layers);
        return layers is null
            ? names
            : AdapterParameters.Select(weight => weight.Name["base_model.model.".Length..^".ia3_l".Length]).Order(StringComparer.Ordinal);
    }

    private static IReadOnlyList<Linear> Find(Transformer model, Ia3Options options)
    {
        RefuseEncoder(model, "ia3");
        CheckFrozenLayers(model, options.FrozenLayers);
        return TargetSelection.Find(model, options.Targets, PeftDefaults.Ia3(model.ModelType)?.Targets, options.FrozenLayers);
    }
}
