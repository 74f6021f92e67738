using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Sweeps.Cli.Commands;

/// <summary>The usual help of a command, and below it how it is used.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string[]> Examples = new(StringComparer.Ordinal)
    {
        ["run"] =
        [
            "sweeps run quickstart                      the built-in grid of 24 trials",
            "sweeps run grid.yaml --slots 4             your own, four trials at once",
            "sweeps run grid.yaml --json | tail -n 1    for a script: the last line sums up",
        ],
        ["launch"] = ["sweeps launch grid.yaml --id nightly-2026-11-23    the same id never launches twice"],
        ["watch"] = ["sweeps watch                               the newest sweep", "sweeps watch quickstart                    by the beginning of its id"],
        ["up"] =
        [
            "sweeps up                                  go on with whatever is unfinished",
            "sweeps up --root /data/models              base models may also lie there",
            "sweeps up --install                        systemd starts it at login and restarts it",
        ],
        ["down"] = ["sweeps down --grace 60                     give long steps a minute to checkpoint"],
        ["ls"] = ["sweeps ls", "sweeps ls --json | jq -r 'select(.state==\"running\").sweep'"],
        ["show"] = ["sweeps show last"],
        ["trials"] = ["sweeps trials last --json | jq .best.macro_f1"],
        ["trial"] = ["sweeps trial last 19                       its curve, evaluations and attempts"],
        ["logs"] = ["sweeps logs last --trial 3 -n 50"],
        ["pause"] = ["sweeps pause last", "sweeps pause last --trial 3"],
        ["resume"] = ["sweeps resume last"],
        ["cancel"] = ["sweeps cancel last --trial 3"],
        ["retry"] = ["sweeps retry last                          all failed and cancelled trials", "sweeps retry last --trial 3 7"],
        ["rm"] = ["sweeps rm quickstart-bac94af9 --yes"],
        ["best"] = ["sweeps best                                of the newest sweep", "sweeps best last --export my-model         for Hugging Face (LoRA: for PEFT)", "sweeps best last --trial 3 --export other   another trial's"],
        ["predict"] =
        [
            "sweeps predict --text \"my card was swallowed by the machine\"",
            "sweeps predict quickstart --text audience=\"...\" brand=\"...\" creative=\"...\" platform=\"...\" geography=\"...\"",
        ],
        ["evaluate"] =
        [
            "sweeps evaluate --data test.csv            the best model on rows of your own",
            "sweeps evaluate last --trial 2 --data test.csv --predictions labels.csv",
        ],
        ["init"] = ["sweeps init data.csv                       writes grid.yaml", "sweeps init data.jsonl --base models/all-MiniLM-L6-v2 --out bank.yaml"],
        ["validate"] = ["sweeps validate grid.yaml"],
        ["plan"] = ["sweeps plan grid.yaml", "sweeps plan quickstart --json"],
        ["examples"] = ["sweeps examples", "sweeps examples banking77 > grid.yaml"],
        ["generate"] = ["sweeps data generate V25 --out campaigns", "sweeps data generate V14 --train 10000 --seed 2"],
        ["pretrain"] = ["sweeps model pretrain tiny-gemma3 --out my-base"],
        ["install"] = ["dotnet run --project src/Sweeps.Cli -c Release -- install", "sweeps install --prefix /opt/sweeps"],
        ["uninstall"] = ["sweeps uninstall"],
        ["doctor"] = ["sweeps doctor", "sweeps doctor --home /data/sweeps"],
    };

    /// <summary>Replaces the help of the whole tree.</summary>
    public static void Install(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            if (option.Action is HelpAction usual)
            {
                option.Action = new HelpWithExamples(usual);
            }
        }
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = usual.Invoke(parseResult);
        if (Examples.TryGetValue(parseResult.CommandResult.Command.Name, out var examples))
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        return code;
    }
}
