namespace Sweeps.Core.Spec;

/// <summary>
/// The columns that a template names: <c>{column}</c>; <c>{{</c> and <c>}}</c> are braces. Rendering belongs to the data
/// project; here the form is checked, so that a broken template is found where it is written.
/// </summary>
public static class TemplateSlots
{
    /// <summary>Most characters a template may have.</summary>
    public const int MaxLength = 65_536;

    /// <summary>The columns, each once, in the order of first use.</summary>
    /// <param name="template">The template.</param>
    /// <param name="problem">What is wrong with it; null when nothing is.</param>
    public static IReadOnlyList<string> Find(string template, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(template);
        problem = null;
        if (template.Length > MaxLength)
        {
            problem = "the template is too long";
            return [];
        }

        var columns = new List<string>();
        for (var i = 0; i < template.Length; i++)
        {
            var c = template[i];
            if (c is not ('{' or '}'))
            {
                continue;
            }

            if (i + 1 < template.Length && template[i + 1] == c)
            {
                i++;
                continue;
            }

            if (c == '}')
            {
                problem = "a '}' in the template closes nothing";
                return columns;
            }

            var end = template.AsSpan(i + 1).IndexOfAny('{', '}');
            if (end < 0 || template[i + 1 + end] == '{')
            {
                problem = "a '{' in the template opens a column name that does not close";
                return columns;
            }

            var name = template.Substring(i + 1, end).Trim();
            if (name.Length == 0)
            {
                problem = "there is no column name between the braces of the template";
                return columns;
            }

            if (!columns.Contains(name, StringComparer.Ordinal))
            {
                columns.Add(name);
            }

            i += end + 1;
        }

        if (columns.Count == 0)
        {
            problem = "the template names no column";
        }

        return columns;
    }
}
