using Sweeps.Data.Readers;

namespace Sweeps.Data.Campaigns;

/// <summary>A generated data set: columns audience, brand, creative, platform, geography, text, label.</summary>
/// <param name="Train">Training rows.</param>
/// <param name="Validation">Validation rows.</param>
/// <param name="Test">Test rows.</param>
public sealed record CampaignData(DataTable Train, DataTable Validation, DataTable Test)
{
    /// <summary>The template that uses every attribute by its own column, so that one can be left out.</summary>
    public const string Template =
        "audience {audience} brand {brand} creative {creative} platform {platform} geography {geography} Label:";

    /// <summary>The same text by the one column that holds it whole.</summary>
    public const string TextTemplate = "{text} Label:";

    /// <summary>The label column.</summary>
    public const string LabelColumn = "label";

    /// <summary>The columns, in order.</summary>
    public static IReadOnlyList<string> Columns { get; } = [.. CampaignWords.Attributes, "text", LabelColumn];

    /// <summary>Writes train.csv, validation.csv and test.csv into a folder, which is made if need be. The same seed writes the same bytes.</summary>
    public void WriteCsv(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (DataTable table in (DataTable[])[Train, Validation, Test])
        {
            CsvWriter.Write(
                Path.Combine(folder, table.File),
                table.Columns,
                table.Rows.Select(static row => (string[])[.. Columns.Select(column => row[column])]));
        }
    }
}
