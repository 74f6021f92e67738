using System.Text.RegularExpressions;

namespace Sweeps.Chaos.Tests.Storage;

/// <summary>A line of strace: a call, or one half of a call that another thread's line interrupted.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">Its arguments; for a second half, those of the first.</param>
/// <param name="Begins">Whether the call begins here.</param>
/// <param name="Ends">Whether it ends here.</param>
/// <param name="Result">What it returned, when it ends here.</param>
internal sealed partial record SystemCall(string Name, string Text, bool Begins, bool Ends, string? Result)
{
    /// <summary>Whether it is this call on a file whose path has this part.</summary>
    public bool Is(string name, string pathPart) => Name == name && Text.Contains(pathPart, StringComparison.Ordinal);

    /// <summary>Reads the output of <c>strace -f -o FILE</c>.</summary>
    public static List<SystemCall> Parse(IEnumerable<string> lines)
    {
        var calls = new List<SystemCall>();
        var open = new Dictionary<string, SystemCall>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (Whole().Match(line) is { Success: true } whole)
            {
                calls.Add(new SystemCall(whole.Groups[2].Value, whole.Groups[3].Value, true, true, whole.Groups[4].Value));
            }
            else if (FirstHalf().Match(line) is { Success: true } first)
            {
                var call = new SystemCall(first.Groups[2].Value, first.Groups[3].Value, true, false, null);
                open[first.Groups[1].Value] = call;
                calls.Add(call);
            }
            else if (SecondHalf().Match(line) is { Success: true } second && open.Remove(second.Groups[1].Value, out var begun))
            {
                calls.Add(begun with { Begins = false, Ends = true, Result = second.Groups[2].Value });
            }
        }

        return calls;
    }

    [GeneratedRegex(@"^(\d+)\s+(\w+)\((.*)\)\s+= (-?\d+)")]
    private static partial Regex Whole();

    [GeneratedRegex(@"^(\d+)\s+(\w+)\((.*) <unfinished \.\.\.>$")]
    private static partial Regex FirstHalf();

    [GeneratedRegex(@"^(\d+)\s+<\.\.\. \w+ resumed>.*= (-?\d+)")]
    private static partial Regex SecondHalf();
}
