using System.CommandLine;
using Spectre.Console;
using Sweeps.Cli;
using Sweeps.Cli.Commands;
using Sweeps.Cli.Hosting;
using Sweeps.Core.Api;
using Sweeps.Core.Unicode;
using Sweeps.Data;

if (Console.IsOutputRedirected)
{
    // A file or pipe has no width of its own: tables need not be squeezed into 80 columns.
    AnsiConsole.Profile.Width = 180;
}

if (UnicodeData.Problem is { } problem)
{
    return Complain(problem, UnicodeData.Fix, ExitCodes.Unhealthy);
}

var context = new Context(AnsiConsole.Console, TimeProvider.System);
var root = Root.Create(context);
// The command alone is a question, and the help its answer.
var parse = root.Parse(args.Length > 0 ? args : ["--help"]);
try
{
    if (Usage.Refusal(parse) is { } refusal)
    {
        throw refusal;
    }

    Reminder.Write(parse);
    return await parse.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (CliException e)
{
    return Complain(e.Message, e.Fix, e.ExitCode);
}
catch (DataException e)
{
    return Complain(e.Message, null, ExitCodes.BadInput);
}
catch (HttpRequestException e)
{
    return Complain($"the silo does not answer: {e.Message}", "sweeps up starts it; what is committed is not lost", ExitCodes.NoSilo);
}
catch (OperationCanceledException)
{
    return ExitCodes.Left;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    return Complain(e.Message, null, ExitCodes.Failed);
}
#pragma warning disable CA1031 // The last resort: whatever was not foreseen is said in a line, never as a stack trace.
catch (Exception e)
{
    if (Environment.GetEnvironmentVariable("SWEEPS_DEBUG") is { Length: > 0 })
    {
        Console.Error.WriteLine(e);
    }

    return Complain(
        $"something unforeseen: {e.Message}",
        "what is committed is not lost. With SWEEPS_DEBUG=1 the same command says where it happened: please report that",
        ExitCodes.Failed);
}
#pragma warning restore CA1031

static int Complain(string message, string? fix, int code)
{
    Console.Error.WriteLine($"sweeps: {message}");
    if (fix is not null)
    {
        Console.Error.WriteLine($"  fix: {fix}");
    }

    return code;
}
