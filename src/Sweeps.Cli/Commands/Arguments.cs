using System.CommandLine;

namespace Sweeps.Cli.Commands;

/// <summary>Arguments that several commands take.</summary>
internal static class Arguments
{
    public static Argument<string> Sweep() => new("sweep")
    {
        Description = "Id of the sweep, an unambiguous beginning of it, or `last`.",
        DefaultValueFactory = _ => "last",
    };

    public static Argument<int> Trial() => new("trial") { Description = "Number of the trial." };
}
