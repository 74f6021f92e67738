using Spectre.Console.Testing;
using Sweeps.Cli;
using Sweeps.Cli.Commands;
using Sweeps.Core.Api;

namespace Sweeps.Tests.Cli;

/// <summary>Wrong words are refused before anything is started: one line, a fix, exit code 2.</summary>
public sealed class UsageTests : IDisposable
{
    private readonly TestConsole _console = new();

    public void Dispose() => _console.Dispose();

    [Theory]
    [InlineData("runn quickstart", "there is no command 'runn'. Did you mean 'run'?")]
    [InlineData("run", "argument 'spec' is missing")]
    [InlineData("run --bogus x", "there is no option --bogus")]
    [InlineData("run a.yaml --slots 0", "--slots is a whole number from 1 to 1024; found '0'")]
    [InlineData("run a.yaml --port x", "--port is a whole number from 1 to 65535; found 'x'")]
    [InlineData("launch", "argument 'spec' is missing")]
    [InlineData("launch a.yaml --slots many", "--slots is a whole number")]
    [InlineData("up --port 99999", "--port is a whole number from 1 to 65535; found '99999'")]
    [InlineData("up --grace -1", "--grace is seconds from 0 to 86400; found '-1'")]
    [InlineData("up --root /no/such/folder", "--root: there is no folder '/no/such/folder'")]
    [InlineData("down --grace x", "--grace is seconds")]
    [InlineData("trial last abc", "'abc' is no whole number")]
    [InlineData("logs -n 0", "--lines is 1 or more; found 0")]
    [InlineData("logs -n 999999999999", "'999999999999' is no whole number")]
    [InlineData("logs --trial 0", "--trial is a whole number")]
    [InlineData("pause", "argument 'sweep' is missing")]
    [InlineData("pause last --trial x", "--trial is a whole number")]
    [InlineData("resume", "argument 'sweep' is missing")]
    [InlineData("cancel", "argument 'sweep' is missing")]
    [InlineData("retry last --trial x", "'x' is no whole number")]
    [InlineData("rm", "argument 'sweep' is missing")]
    [InlineData("init", "argument 'data' is missing")]
    [InlineData("init x.csv --delimiter ab", "--delimiter is one character; found 'ab'")]
    [InlineData("plan", "argument 'spec' is missing")]
    [InlineData("validate", "argument 'spec' is missing")]
    [InlineData("data", "a command is missing after 'sweeps data': generate")]
    [InlineData("data generate V25 --train 0", "--train is 1 or more; found 0")]
    [InlineData("model pretrain nope --out x", "'nope'")]
    [InlineData("doctor --no", "'--no'")]
    [InlineData("version now", "'now'")]
    [InlineData("ls --jsn", "'--jsn'")]
    [InlineData("show a b", "'b'")]
    [InlineData("watch a b", "'b'")]
    [InlineData("trials a b", "'b'")]
    [InlineData("examples a b", "'b'")]
    [InlineData("uninstall --prefix", "--prefix")]
    public void Wrong_words_are_refused_in_one_line(string line, string expected)
    {
        var refusal = Refusal(line.Split(' '));
        Assert.NotNull(refusal);
        Assert.Equal(ExitCodes.BadInput, refusal.ExitCode);
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.Contains("--help", refusal.Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--home")]
    [InlineData("--prefix")]
    [InlineData("--export")]
    public void A_scripts_unset_variable_is_refused(string option)
    {
        string[] command = option switch { "--home" => ["down"], "--prefix" => ["install"], _ => ["best", "last"] };
        var refusal = Refusal([.. command, option, ""]);
        Assert.Contains($"{option} is empty", refusal?.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run quickstart")]
    [InlineData("run grid.yaml --slots 4 --json")]
    [InlineData("up --grace 0.5")]
    [InlineData("pause last --trial 3")]
    [InlineData("retry last --trial 3 7")]
    [InlineData("logs last --trial 3 -n 50")]
    [InlineData("init data.csv --label y --text a --text b --delimiter | --out g.yaml")]
    [InlineData("best last --export out")]
    [InlineData("run --help")]
    [InlineData("--help")]
    public void Right_words_pass(string line) => Assert.Null(Refusal(line.Split(' ')));

    [Fact]
    public void Every_command_has_a_description_and_so_has_every_option()
    {
        var root = Root.Create(new Context(_console, TimeProvider.System));
        var commands = root.Subcommands.Concat(root.Subcommands.SelectMany(command => command.Subcommands)).ToList();
        Assert.True(commands.Count > 20);
        Assert.All(commands, command => Assert.False(string.IsNullOrEmpty(command.Description), command.Name));
        Assert.All(commands.SelectMany(command => command.Options), option => Assert.False(string.IsNullOrEmpty(option.Description), option.Name));
    }

    private CliException? Refusal(string[] words) =>
        Usage.Refusal(Root.Create(new Context(_console, TimeProvider.System)).Parse(words));
}
