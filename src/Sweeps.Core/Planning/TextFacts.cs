using System.Globalization;
using Sweeps.Core.Spec;

namespace Sweeps.Core.Planning;

/// <summary>What the prompts of some trials come to on a base model, or why they cannot be made.</summary>
public sealed record TextFacts
{
    /// <summary>Whose prompts: trials with this <see cref="FormOf"/>.</summary>
    public required string Form { get; init; }

    /// <summary>Tokens of such a prompt beside its fields: template, solved examples, chat layout.</summary>
    public int FixedTokens { get; init; }

    /// <summary>Name of the setting that keeps them from being made; null: they can be made.</summary>
    public string? Setting { get; init; }

    /// <summary>Why, as a sentence without a full stop; null: they can be made.</summary>
    public string? Problem { get; init; }

    /// <summary>What to do about it.</summary>
    public string? Fix { get; init; }

    /// <summary>One text for all settings that a prompt's fixed part and its room depend on.</summary>
    /// <param name="settings">A trial's settings.</param>
    /// <param name="maxPositions">Longest input of the base model, in tokens: no trial has longer ones.</param>
    public static string FormOf(TrialSettings settings, int maxPositions)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{settings.FewShot} {(settings.FewShot > 0 ? settings.Seed : 0)} {settings.Chat} {Math.Min(settings.MaxLength, maxPositions)} {settings.Head == "generate"} {(settings.Method is "prefix" or "prompt" ? settings.VirtualTokens : 0)} {settings.Template}");
    }
}
