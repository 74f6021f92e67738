using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Sweeps.Core.Api;

namespace Sweeps.Cli.Commands;

/// <summary>Wrong words on the command line: one line of what is wrong, one of where to look, and exit code 2.</summary>
internal static partial class Usage
{
    /// <summary>An empty text is a text.</summary>
    private static readonly string[] MayBeEmpty = ["--text"];

    /// <summary>What is wrong with the words; null when nothing is.</summary>
    public static CliException? Refusal(ParseResult parse)
    {
        var command = NameOf(parse.CommandResult);
        if (StrayOption(parse.CommandResult) is { } stray)
        {
            return Refuse($"there is no option {stray}", command);
        }

        if (Empty(parse.CommandResult) is { } empty)
        {
            return Refuse($"{empty} is empty; leave it away for the default", command);
        }

        if (parse.Errors.Count == 0 || parse.Action is System.CommandLine.Help.HelpAction or HelpWithExamples)
        {
            return null;
        }

        var message = parse.CommandResult.Command.Subcommands.Count == 0
            ? string.Join("; ", parse.Errors.Select(e => Plain(e.Message)).Distinct(StringComparer.Ordinal))
            : parse.UnmatchedTokens.Count > 0
                ? $"there is no command '{parse.UnmatchedTokens[0]}'"
                : $"a command is missing after '{command}': {string.Join(", ", parse.CommandResult.Command.Subcommands.Select(c => c.Name))}";
        return Refuse(Nearest(parse) is { } nearest ? $"{message}. Did you mean '{nearest}'?" : message, command);
    }

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>, or nothing.</summary>
    public static Option<int?> Whole(this Option<int?> option, int least, int most)
    {
        option.CustomParser = result =>
            int.TryParse(result.Tokens[0].Value, System.Globalization.CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
                ? value
                : Wrong<int?>(result, $"a whole number from {least} to {most}");
        return option;
    }

    /// <summary>Seconds from 0 to a day, or nothing.</summary>
    public static Option<double?> Seconds(this Option<double?> option)
    {
        option.CustomParser = result =>
            double.TryParse(result.Tokens[0].Value, System.Globalization.CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 86_400
                ? value
                : Wrong<double?>(result, "seconds from 0 to 86400");
        return option;
    }

    /// <summary>At least <paramref name="least"/>.</summary>
    public static Option<int> AtLeast(this Option<int> option, int least)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out var value) && value < least)
            {
                result.AddError($"{option.Name} is {least} or more; found {value}");
            }
        });
        return option;
    }

    /// <summary>Folders that are there.</summary>
    public static Option<string[]> Folders(this Option<string[]> option)
    {
        option.Validators.Add(result =>
        {
            foreach (var missing in result.Tokens.Where(token => !Directory.Exists(token.Value)))
            {
                result.AddError($"{option.Name}: there is no folder '{missing.Value}'");
            }
        });
        return option;
    }

    private static T? Wrong<T>(ArgumentResult result, string allowed)
    {
        var name = result.Parent is OptionResult option ? option.Option.Name : "the argument";
        result.AddError($"{name} is {allowed}; found '{result.Tokens[0].Value}'");
        return default;
    }

    private static CliException Refuse(string message, string command) => new(message, ExitCodes.BadInput, $"{command} --help shows what there is");

    /// <summary>A word that looks like an option and was taken for an argument.</summary>
    private static string? StrayOption(CommandResult command) =>
        command.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens)
            .FirstOrDefault(token => token.Value.StartsWith("--", StringComparison.Ordinal))?.Value;

    /// <summary>An option whose value is empty: a script's unset variable must not mean the default.</summary>
    private static string? Empty(CommandResult command)
    {
        for (SymbolResult? level = command; level is not null; level = level.Parent)
        {
            var empty = (level as CommandResult)?.Children.OfType<OptionResult>()
                .FirstOrDefault(option => !MayBeEmpty.Contains(option.Option.Name) && option.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)));
            if (empty is not null)
            {
                return empty.Option.Name;
            }
        }

        return null;
    }

    private static string? Nearest(ParseResult parse)
    {
        var known = parse.CommandResult.Command.Subcommands.Select(c => c.Name)
            .Concat(parse.CommandResult.Command.Options.Select(o => o.Name));
        return parse.UnmatchedTokens.Count > 0 ? Core.Spec.NearestName.Of(parse.UnmatchedTokens[0], known) : null;
    }

    /// <summary>The parser's words without the names of .NET's types.</summary>
    private static string Plain(string message) =>
        Missing().Replace(Wording().Replace(message, "'$1' is no whole number"), "the argument '$1' is missing")
            .ReplaceLineEndings(" ").Replace("\t", string.Empty, StringComparison.Ordinal).Trim().TrimEnd('.');

    [GeneratedRegex(@"Cannot parse argument '(.*)' for (?:option|command|argument) '.*' as expected type '.*Int(?:32|64).*'")]
    private static partial Regex Wording();

    [GeneratedRegex(@"Required argument '(.*)' missing for command: '.*'")]
    private static partial Regex Missing();

    private static string NameOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{NameOf(parent)} {command.Command.Name}" : "sweeps";
}
