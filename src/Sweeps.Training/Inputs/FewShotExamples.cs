using Sweeps.Core.Spec;
using Sweeps.Data;
using Sweeps.Data.Readers;
using Sweeps.Data.Splits;
using Sweeps.Data.Templates;
using Sweeps.Models.Ops;

namespace Sweeps.Training.Inputs;

/// <summary>
/// Solved examples in front of every prompt: so many training rows of each class, chosen and ordered by the seed and the
/// rows' content. The rows are not trained on: a prompt would hold its own answer.
/// </summary>
internal static class FewShotExamples
{
    /// <summary>Stands between an example and what follows.</summary>
    public const string Separator = "\n\n";

    /// <summary>Chooses the examples.</summary>
    /// <param name="train">The training rows.</param>
    /// <param name="settings">Number a class, seed, labels and their texts.</param>
    /// <param name="template">Of a prompt.</param>
    /// <param name="labelOf">Class of a row.</param>
    /// <returns>Prompt and answer of each example, in their order, and the rows that are left to train on.</returns>
    /// <exception cref="DataException">A class has too few rows.</exception>
    public static (IReadOnlyList<(string Prompt, string Answer)> Examples, DataTable Left) Take(
        DataTable train, TrialSettings settings, TextTemplate template, Func<Row, int> labelOf)
    {
        var seed = StableHash.Mix(StableHash.Of("few-shot"), (ulong)(uint)settings.Seed);
        var texts = LabelTokens.Texts(settings);
        var rows = train.Rows.Select((row, index) => (Row: row, Index: index, Class: labelOf(row), Key: KeyOf(row, template, seed))).ToList();
        var chosen = rows.GroupBy(row => row.Class)
            .SelectMany(group => group.OrderBy(row => row.Key).ThenBy(row => row.Index).Take(settings.FewShot))
            .OrderBy(row => StableHash.Mix(row.Key)).ThenBy(row => row.Index)
            .ToList();
        foreach (var label in Enumerable.Range(0, settings.Data.Labels.Count))
        {
            // One row at least must be left to learn from.
            var all = rows.Count(row => row.Class == label);
            if (all <= settings.FewShot)
            {
                throw new DataException(
                    train.File,
                    null,
                    $"few_shot {settings.FewShot} takes {settings.FewShot} rows of each class out of the training rows, and '{settings.Data.Labels[label]}' has {all}",
                    $"Set few_shot below {all}, or add rows");
            }
        }

        var taken = chosen.Select(example => example.Index).ToHashSet();
        return ([.. chosen.Select(example => (template.Render(example.Row), texts[example.Class].First))], train.WithRows(train.Rows.Where((_, index) => !taken.Contains(index))));
    }

    private static ulong KeyOf(Row row, TextTemplate template, ulong seed) =>
        StableHash.Mix(StableHash.Of(NormalForm.Of(template.Columns.Select(column => row[column]))), seed);
}
