using Sweeps.Core.Ledger;

namespace Sweeps.Storage.Sqlite;

/// <summary>A column and where a row keeps its value.</summary>
internal readonly record struct Column<T>(string Name, Func<T, object?> Value)
    where T : LedgerRow;
