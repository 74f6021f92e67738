using System.Globalization;
using Sweeps.Core.Spec;
using Sweeps.Training.Evaluation;

namespace Sweeps.Training.Export.Card;

/// <summary>Decisions beside the plain one, in the words of the spec.</summary>
internal static class CardVariants
{
    /// <summary>One variant, e.g. <c>boosted: multiply_logit {Under: 2.5}</c>.</summary>
    /// <param name="variant">The variant.</param>
    /// <param name="labels">Labels in order.</param>
    /// <param name="facts">The temperatures that were fitted.</param>
    public static string Text(VariantSettings variant, IReadOnlyList<string> labels, VariantFacts facts)
    {
        List<string> parts = [];
        if (variant.MultiplyLogit is { } factors)
        {
            // A label that is not named keeps its score.
            var named = labels.Zip(factors).Where(pair => pair.Second != 1).Select(pair => $"{Name(pair.First)}: {Number(pair.Second)}");
            parts.Add($"multiply_logit {{{string.Join(", ", named)}}}");
        }

        if (variant.AddLogPrior != 0)
        {
            parts.Add($"add_log_prior {Number(variant.AddLogPrior)}");
        }

        if (variant.FitsTemperature)
        {
            parts.Add(facts.Temperatures.TryGetValue(variant.Name, out var fitted)
                ? string.Create(CultureInfo.InvariantCulture, $"temperature fit ({fitted:0.####})")
                : "temperature fit");
        }
        else if (variant.Temperature is { } temperature)
        {
            parts.Add($"temperature {Number(temperature)}");
        }

        if (variant.Constrained is { } constrained)
        {
            parts.Add($"constrained {(constrained ? "true" : "false")}");
        }

        return $"{variant.Name}: {string.Join(", ", parts)}";
    }

    /// <summary>What a reader of results has to know of the decision that they are of.</summary>
    /// <param name="facts">The card's facts.</param>
    /// <param name="name">Name of the decision, not the plain one.</param>
    public static string Limit(CardFacts facts, string name)
    {
        var variant = facts.Settings.Variants?.FirstOrDefault(variant => variant.Name == name);
        var text = CardText.Code(variant is null ? name : Text(variant, facts.Labels, facts.Variants));
        if (variant is { UsesScores: false })
        {
            return $"The results are of the decision {text}, which is not in the weights: the code above writes with constrained {(facts.Settings.Constrained ? "true" : "false")}.";
        }

        var above = facts switch
        {
            { IsMultiLabel: true } => "The code above names every label whose probability is at least 0.5 by the scores as they are.",
            { Model.Head: Models.Heads.GenerateHead } => "The code above writes a label without them.",
            _ => "The code above takes the highest score as it is.",
        };
        return $"The results are of the decision {text}, which is made of the model's scores after them and is not in the weights. {above}";
    }

    /// <summary>A label as a key of YAML's flow maps: in quotes where it must be.</summary>
    private static string Name(string label) =>
        label.Length > 0 && label.All(c => char.IsLetterOrDigit(c) || c is '_' or '-' or ' ') && label.Trim() == label ? label : CardText.Quoted(label);

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
