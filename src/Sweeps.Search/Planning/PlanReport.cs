using System.Globalization;
using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Settings;

namespace Sweeps.Search.Planning;

/// <summary>Collects a plan's errors and warnings, each once, errors with their place in the spec.</summary>
internal sealed class PlanReport(SweepSpec spec)
{
    private readonly List<SpecError> _errors = [];
    private readonly List<string> _warnings = [];
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);

    public IReadOnlyList<SpecError> Errors => _errors;

    public IReadOnlyList<string> Warnings => _warnings;

    public SweepSpec Spec => spec;

    /// <summary>The arm whose settings are checked; null: the grid's.</summary>
    public string? Arm { get; set; }

    public void Warn(string text)
    {
        if (_said.Add(text))
        {
            _warnings.Add(text);
        }
    }

    /// <summary>An error at the key.</summary>
    public void Error(string path, string problem, string? value = null, string? allowed = null, string? nearest = null) =>
        Add(spec.MarkOf(path), path, problem, value, allowed, nearest);

    /// <summary>An error about the value of a setting: at that value in the grid when it is swept, else where it is fixed.</summary>
    public void ErrorAt(string setting, object value, string problem, string? allowed = null, string? nearest = null)
    {
        var ofArm = $"arms.{Arm}.{setting}";
        var fixedAt = Arm is not null && spec.Marks.ContainsKey(ofArm) ? ofArm : SettingTable.ByName[setting].Path;
        var axis = spec.Grid.FirstOrDefault(axis => axis.Name == setting);
        var index = axis is null || Arm is not null ? -1 : axis.Values.ToList().IndexOf(value);
        var mark = index >= 0 && spec.Marks.TryGetValue($"grid.{setting}[{index}]", out var swept)
            ? swept
            : spec.MarkOf(fixedAt);
        Add(mark, index >= 0 ? $"grid.{setting}" : fixedAt, problem, Convert.ToString(value, CultureInfo.InvariantCulture), allowed, nearest);
    }

    /// <summary>Whether the spec names a setting: fixed, swept, or in the arm that is checked.</summary>
    public bool IsGiven(string setting) =>
        spec.Marks.ContainsKey(SettingTable.ByName[setting].Path)
        || spec.Marks.ContainsKey($"arms.{Arm}.{setting}")
        || spec.Grid.Any(axis => axis.Name == setting);

    private void Add(SpecMark mark, string path, string problem, string? value, string? allowed, string? nearest)
    {
        var error = new SpecError(spec.FileName, mark.Line, mark.Column, path, problem, value, allowed, nearest);
        if (_said.Add(error.ToString()))
        {
            _errors.Add(error);
        }
    }
}
