using System.Globalization;
using System.Text;

namespace Sweeps.Silo.Logging;

/// <summary>
/// The silo's log: <c>logs/silo.log</c> in the home, rotated at 10 MB, three files in all; warnings and worse go to
/// standard error too. A full disk loses lines, never the silo.
/// </summary>
internal sealed class SiloLog(string directory, TimeProvider time, TextWriter standardError) : ILoggerProvider
{
    private const long MaxBytes = 10 * 1024 * 1024;
    private const int Files = 3;

    private readonly Lock _writing = new();
    private FileStream? _file;

    private string Current => Path.Combine(directory, "silo.log");

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        lock (_writing)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    /// <summary>Writes one entry.</summary>
    public void Write(LogLevel level, string category, string message, Exception? error)
    {
        var line = new StringBuilder()
            .Append(time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture))
            .Append(' ').Append(Word(level)).Append(' ').Append(category).Append(": ").Append(message).Append('\n');
        var toPeople = $"{Word(level)}: {message}{(error is null ? string.Empty : $": {error.Message}")}";
        if (error is not null)
        {
            line.Append(error).Append('\n');
        }

        lock (_writing)
        {
            try
            {
                var file = Open();
                file.Write(Encoding.UTF8.GetBytes(line.ToString()));
                file.Flush();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Nothing can be written where the log would say so.
            }

            try
            {
                if (level >= LogLevel.Warning)
                {
                    standardError.WriteLine(toPeople);
                }
            }
            catch (IOException)
            {
                // Standard error is a file of the home, so it is full when the home is: whoever logs must not die of it.
            }
        }
    }

    private FileStream Open()
    {
        if (_file is { } open && open.Length < MaxBytes)
        {
            return open;
        }

        if (_file is not null)
        {
            _file.Dispose();
            _file = null;
            Rotate();
        }

        Directory.CreateDirectory(directory);
        return _file = new FileStream(Current, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
    }

    private void Rotate()
    {
        for (var i = Files - 1; i > 0; i--)
        {
            var from = i == 1 ? Current : $"{Current}.{i - 1}";
            if (File.Exists(from))
            {
                File.Move(from, $"{Current}.{i}", overwrite: true);
            }
        }
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical => "fatal",
        LogLevel.Error => "error",
        LogLevel.Warning => "warning",
        LogLevel.Information => "info",
        _ => "debug",
    };

    private sealed class Logger(SiloLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log.Write(logLevel, category, formatter(state, exception), exception);
            }
        }
    }
}
