using Microsoft.Data.Sqlite;
using Sweeps.Core.Ledger;
using static SQLitePCL.raw;

namespace Sweeps.Storage.Sqlite;

/// <summary>SQLite's errors in the ledger's words.</summary>
internal static class SqliteErrors
{
    /// <summary>Less free space than this explains an I/O error of a kind that also has other causes.</summary>
    private const long ShortOfSpace = 8L << 20;

    /// <summary>Whether the error ends the whole transaction and not the statement alone (SQLite may have undone it).</summary>
    public static bool EndsTransaction(SqliteException error) =>
        MayBeOneMembers(error) || error.SqliteErrorCode is SQLITE_BUSY or SQLITE_CORRUPT or SQLITE_CANTOPEN;

    /// <summary>Whether a single large member of a group may be the cause.</summary>
    public static bool MayBeOneMembers(SqliteException error) =>
        error.SqliteErrorCode is SQLITE_FULL or SQLITE_IOERR or SQLITE_NOMEM;

    /// <summary>The exception that a caller of the ledger sees.</summary>
    public static Exception Translate(Exception error, string path) => error switch
    {
        SqliteException full when IsFull(full, path) => new LedgerFullException(
            $"the disk that holds '{path}' is full: nothing was written; free some space, work goes on by itself", full),
        SqliteException other => new IOException($"the ledger '{path}' could not be written: {other.Message}", other),
        _ => error,
    };

    /// <summary>Whether the disk is full.</summary>
    public static bool IsFull(SqliteException error, string path) =>
        error.SqliteErrorCode == SQLITE_FULL
        || error.SqliteExtendedErrorCode == SQLITE_IOERR_WRITE
        || (error.SqliteErrorCode is SQLITE_IOERR or SQLITE_CANTOPEN && FreeSpace(path) < ShortOfSpace);

    private static long FreeSpace(string path)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
        }
        catch (IOException)
        {
            return long.MaxValue;
        }
    }
}
