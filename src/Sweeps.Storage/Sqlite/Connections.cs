using Microsoft.Data.Sqlite;

namespace Sweeps.Storage.Sqlite;

/// <summary>Opens the ledger's file with the pragmas that its promises need.</summary>
internal static class Connections
{
    /// <summary>Waits this long for a lock that another program (a person's sqlite3) holds, seconds.</summary>
    private const int BusySeconds = 10;

    /// <summary>For the writer and the checkpointer: WAL, and a sync of it in every commit.</summary>
    public static Statements Write(string path)
    {
        var statements = Open(path, SqliteOpenMode.ReadWriteCreate);
        try
        {
            // WAL: readers never wait. FULL: a commit returns only after fdatasync of the WAL. Checkpoints are made beside
            // the writer (WalKeeper), so that no commit waits for the copying of pages.
            string[] pragmas =
            [
                "journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0",
                "journal_size_limit = 67108864", "cache_size = -16384",
            ];
            foreach (var pragma in pragmas)
            {
                statements.Execute($"PRAGMA {pragma}");
            }

            return statements;
        }
        catch
        {
            statements.Dispose();
            throw;
        }
    }

    /// <summary>For reading only.</summary>
    public static Statements Read(string path) => Open(path, SqliteOpenMode.ReadOnly);

    private static Statements Open(string path, SqliteOpenMode mode)
    {
        var builder = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        };
        var connection = new SqliteConnection(builder.ConnectionString);
        try
        {
            connection.Open();
            return new Statements(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
