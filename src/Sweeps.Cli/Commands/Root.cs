using System.CommandLine;

namespace Sweeps.Cli.Commands;

/// <summary>The command tree.</summary>
internal static class Root
{
    private const string Description = """
        Sweeps fine-tunes text classifiers over a grid of settings and finishes whatever crashes.

        First steps:
          sweeps run quickstart            a real grid of 24 trials, a minute or two, nothing to prepare
          sweeps init data.csv             a commented grid.yaml for your own data
          sweeps run grid.yaml             run it and watch it
          sweeps best --export DIR         the winner as a Hugging Face folder

        Ctrl-C leaves a watch; what runs goes on. After a crash or a reboot: sweeps up.

        Exit codes: 0 done; 1 the sweep failed; 2 bad option, spec or data; 3 the home cannot be used; 4 port in use;
        5 no silo; 6 not found; 7 doctor found something bad; 130 left with Ctrl-C.
        """;

    public static RootCommand Create(Context context)
    {
        var root = new RootCommand(Description);
        root.Options.Add(Context.HomeOption);
        root.Options.Add(Context.JsonOption);
        foreach (var command in RunCommand.Create(context)
            .Append(WatchCommand.Create(context))
            .Concat(SiloCommands.Create(context))
            .Concat(ListCommands.Create(context))
            .Concat(WishCommands.Create(context))
            .Concat(ResultCommands.Create(context))
            .Append(InitCommand.Create(context))
            .Concat(SpecCommands.Create(context))
            .Concat(InstallCommands.Create(context))
            .Concat(DoctorCommand.Create(context)))
        {
            root.Subcommands.Add(command);
        }

        HelpWithExamples.Install(root);
        return root;
    }
}
