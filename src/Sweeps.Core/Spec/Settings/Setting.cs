namespace Sweeps.Core.Spec.Settings;

/// <summary>
/// A setting that a spec may fix or sweep. One line in <see cref="SettingTable"/> teaches it to the reader, the grid and
/// the planner.
/// </summary>
/// <param name="Name">Its name in the spec and in a grid.</param>
/// <param name="Section">The section it stands in when fixed; empty: the top level.</param>
/// <param name="Type">Its values.</param>
/// <param name="Get">Its value in settings, as <paramref name="Type"/> gives it; null where it has none.</param>
/// <param name="With">The settings with this value (of <paramref name="Type"/>).</param>
public sealed record Setting(
    string Name,
    string Section,
    SettingType Type,
    Func<TrialSettings, object?> Get,
    Func<TrialSettings, object, TrialSettings> With)
{
    /// <summary>Where it stands in a spec: <c>training.learning_rate</c>.</summary>
    public string Path => Section.Length == 0 ? Name : $"{Section}.{Name}";
}
