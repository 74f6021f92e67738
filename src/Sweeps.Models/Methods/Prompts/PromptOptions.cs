namespace Sweeps.Models.Methods.Prompts;

/// <summary>Options of prefix and prompt tuning.</summary>
public sealed record PromptOptions
{
    /// <summary>Virtual tokens before every text, at least 1; default 20. They count towards the model's longest text.</summary>
    public int VirtualTokens { get; init; } = 20;

    /// <summary>Seeds the table.</summary>
    public ulong Seed { get; init; }
}
