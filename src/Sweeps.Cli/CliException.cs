using Sweeps.Core.Api;

namespace Sweeps.Cli;

/// <summary>A refusal with words for the user and an exit code; printed without a stack trace.</summary>
internal sealed class CliException(string message, int exitCode = ExitCodes.BadInput, string? fix = null) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    public string? Fix { get; } = fix;
}
