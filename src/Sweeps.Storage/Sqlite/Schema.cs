using System.Globalization;
using System.Reflection;
using Microsoft.Data.Sqlite;
using Sweeps.Storage.Homes;

namespace Sweeps.Storage.Sqlite;

/// <summary>The versions of the ledger's schema: embedded scripts, applied forwards, each in one transaction.</summary>
internal static class Schema
{
    /// <summary>SQLite's application id of a ledger: "SWPS".</summary>
    public const long ApplicationId = 0x53575053;

    private const string Folder = "Sweeps.Storage.Sqlite.Migrations.";

    private static readonly Assembly Here = typeof(Schema).Assembly;

    private static readonly SortedDictionary<int, string> Scripts = new(
        Here.GetManifestResourceNames()
            .Where(n => n.StartsWith(Folder, StringComparison.Ordinal))
            .ToDictionary(n => int.Parse(n.AsSpan(Folder.Length, 4), CultureInfo.InvariantCulture)));

    /// <summary>The version that this release writes.</summary>
    public static int Latest => Scripts.Keys.Max();

    /// <summary>This release, e.g. <c>0.1.0</c>.</summary>
    public static string Release { get; } =
        (Here.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0").Split('+')[0];

    /// <summary>Brings the ledger to the latest version.</summary>
    /// <exception cref="HomeException">Another program's file, or a newer release's ledger.</exception>
    public static void Migrate(Statements database, string path, TimeProvider clock)
    {
        var stored = Check(database, path);
        foreach (var (version, script) in Scripts.Where(s => s.Key > stored))
        {
            Apply(database.Connection, version, Text(script), clock);
        }
    }

    /// <summary>The stored version (0: empty file), after a look at whose file it is.</summary>
    /// <exception cref="HomeException">Another program's file, or a newer release's ledger.</exception>
    public static long Check(Statements database, string path)
    {
        if (database.Number("SELECT count(*) FROM sqlite_schema") == 0)
        {
            return 0;
        }

        if (database.Number("PRAGMA application_id") != ApplicationId)
        {
            throw new HomeException(
                $"'{path}' is a SQLite file of another program, not a ledger of Sweeps: "
                + "choose another --home, or move it away");
        }

        var (version, release) = database.Query(
            "SELECT version, release FROM schema_version ORDER BY version DESC LIMIT 1", r => (r.Long(), r.Text()))[0];
        return version <= Latest
            ? version
            : throw new HomeException(string.Create(
                CultureInfo.InvariantCulture,
                $"'{path}' belongs to a newer version of Sweeps, {release} (ledger {version}); "
                + $"this is {Release} (ledger {Latest}): upgrade Sweeps, or choose another --home"));
    }

    private static void Apply(SqliteConnection connection, int version, string script, TimeProvider clock)
    {
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = script;
        command.ExecuteNonQuery();
        command.CommandText = "INSERT INTO schema_version (version, release, applied_at) VALUES ($version, $release, $at)";
        command.Parameters.AddWithValue("$version", version);
        command.Parameters.AddWithValue("$release", Release);
        command.Parameters.AddWithValue("$at", clock.GetUtcNow().ToUnixTimeMilliseconds());
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    private static string Text(string resource)
    {
        using var stream = Here.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
