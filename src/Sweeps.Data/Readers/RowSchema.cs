namespace Sweeps.Data.Readers;

/// <summary>What all rows of a table share.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Indexes">The place of each column.</param>
internal sealed record RowSchema(string File, Dictionary<string, int> Indexes);
