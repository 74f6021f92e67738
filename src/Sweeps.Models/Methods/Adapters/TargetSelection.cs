using System.Globalization;
using System.Text.RegularExpressions;
using Sweeps.Models.Layers;

namespace Sweeps.Models.Methods.Adapters;

/// <summary>Finds the layers that <see cref="TargetModules"/> means. Source: peft tuners_utils.py.</summary>
internal static partial class TargetSelection
{
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(1);

    /// <summary>The layers, in the model's order.</summary>
    /// <param name="model">The model.</param>
    /// <param name="targets">Which.</param>
    /// <param name="defaults">Names that <see cref="TargetModules.Default"/> stands for; null: there are none.</param>
    /// <param name="frozenLayers">This many bottom blocks get none.</param>
    /// <exception cref="ArgumentException">A name or pattern matches nothing, or a block does not exist.</exception>
    public static IReadOnlyList<Linear> Find(
        Transformer model, TargetModules targets, IReadOnlyList<string>? defaults, int frozenLayers)
    {
        CheckLayers(model, targets);
        bool Reached(Linear linear) => targets.Layers is null
            ? !TrainingMethod.IsFrozen(linear.Layer, frozenLayers) && (frozenLayers == 0 || linear.Layer != NamedParameter.TopLayer)
            : targets.Layers.Contains(linear.Layer) && linear.Layer >= frozenLayers;
        var matching = Matching(model, targets, defaults);
        return [.. model.Linears.Where(linear => Reached(linear) && matching(linear))];
    }

    /// <summary>Whether a module is meant by a name or the last parts of one.</summary>
    public static bool Matches(string module, string target) =>
        module == target || module.EndsWith("." + target, StringComparison.Ordinal);

    /// <summary>
    /// The shortest ends of names that mean these layers and no other: what adapter_config.json calls target_modules.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="chosen">Layers of it.</param>
    /// <param name="others">Modules outside <see cref="Transformer.Linears"/> that no end may mean: those of the head.</param>
    /// <param name="layers">
    /// The blocks they lie in when PEFT can tell them by number (its layers_to_transform); null: all, or the names say it.
    /// </param>
    public static IReadOnlyList<string> Describe(
        Transformer model, IReadOnlyList<Linear> chosen, IEnumerable<string> others, out IReadOnlyList<int>? layers)
    {
        var blocks = chosen.Select(linear => linear.Layer).ToHashSet();
        var isLimited = chosen.Count > 0
            && model.Linears.Any(linear => linear.Layer is >= 0 and < NamedParameter.TopLayer && !blocks.Contains(linear.Layer));
        var byNumber = isLimited && model.Linears.All(linear => BlockByName(linear.Name) is not { } number || number == linear.Layer);
        layers = byNumber ? [.. blocks.Order()] : null;
        var refused = model.Linears
            .Where(linear => !chosen.Contains(linear) && (!byNumber || blocks.Contains(linear.Layer)))
            .Select(linear => linear.Name)
            .Concat(byNumber ? [] : others)
            .ToList();
        return [.. chosen.Select(linear => ShortestEnd(linear.Name, refused)).Distinct().Order(StringComparer.Ordinal)];
    }

    private static Func<Linear, bool> Matching(Transformer model, TargetModules targets, IReadOnlyList<string>? defaults)
    {
        if (targets.IsAll)
        {
            return _ => true;
        }

        var known = $"known: {TargetModules.AllLinearWord}, "
            + string.Join(", ", model.Linears.Select(linear => linear.Name.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal));
        if (targets.Pattern is { } pattern)
        {
            return MatchingPattern(model, pattern, known);
        }

        var names = targets.Names ?? defaults
            ?? throw new ArgumentException($"PEFT has no default target_modules for {model.ModelType}: name them; {known}");
        foreach (var name in names)
        {
            if (!model.Linears.Any(linear => Matches(linear.Name, name)))
            {
                throw new ArgumentException($"target_modules '{name}' names no linear layer of {model.ModelType}; {known}");
            }
        }

        return names.Count > 0
            ? linear => names.Any(name => Matches(linear.Name, name))
            : throw new ArgumentException($"target_modules is empty; {known}");
    }

    private static Func<Linear, bool> MatchingPattern(Transformer model, string pattern, string known)
    {
        Regex regex;
        try
        {
            regex = new Regex($"^(?:{pattern})$", RegexOptions.CultureInvariant, LongestMatch);
            if (model.Linears.Any(linear => regex.IsMatch(linear.Name)))
            {
                return linear => regex.IsMatch(linear.Name);
            }
        }
        catch (ArgumentException error)
        {
            throw new ArgumentException($"target_modules '{pattern}' is not a regular expression: {error.Message}", error);
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new ArgumentException(
                $"target_modules '{pattern}' takes more than {LongestMatch.TotalSeconds:0} s on one name: write it simpler", error);
        }

        throw new ArgumentException(
            $"target_modules '{pattern}', as a regular expression of the whole name, matches no linear layer of "
            + $"{model.ModelType}, such as {model.Linears[0].Name}; {known}");
    }

    private static void CheckLayers(Transformer model, TargetModules targets)
    {
        if (targets.Layers?.Any(layer => layer < 0 || layer >= model.BlockCount) == true)
        {
            throw new ArgumentException(
                $"layers_to_transform must be numbers from 0 to {model.BlockCount - 1}; found {string.Join(", ", targets.Layers)}");
        }
    }

    private static string ShortestEnd(string name, List<string> refused)
    {
        var parts = name.Split('.');
        for (var count = 1; count < parts.Length; count++)
        {
            var end = string.Join('.', parts[^count..]);
            if (!refused.Exists(other => Matches(other, end)))
            {
                return end;
            }
        }

        return name;
    }

    /// <summary>The number that PEFT takes for a module's block: the last one in its path.</summary>
    private static int? BlockByName(string name) =>
        BlockNumber().Match(name) is { Success: true } match
            ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : null;

    [GeneratedRegex(@"^.*\.[^.]*\.([0-9]{1,6})\.", RegexOptions.CultureInvariant)]
    private static partial Regex BlockNumber();
}
