using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Examples;
using Sweeps.Core.Spec.Settings;
using Sweeps.Tests.Architecture;
using Xunit;

namespace Sweeps.Tests.Spec;

public sealed class SpecExamplesTests
{
    public static TheoryData<string> Names => [.. SpecExamples.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_example_reads_without_an_error_and_says_what_it_shows(string name)
    {
        var result = SpecReader.Read(SpecExamples.Get(name)!, name + ".yaml");

        Assert.Empty(result.Errors);
        Assert.Equal(name, result.Spec!.Name);
        Assert.InRange(SpecExamples.Summary(name).Length, 20, 140);
    }

    [Fact]
    public void The_examples_are_those_promised()
    {
        Assert.Equal(["banking77", "banking77-gemma3", "full-vs-lora", "minimal", "quickstart"], SpecExamples.Names);
        Assert.Null(SpecExamples.Get("quick"));
    }

    [Fact]
    public void The_reference_reads_and_its_values_are_the_defaults()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "src", "Sweeps.Core", "Spec", "README.md"));
        var yaml = readme.Split("```yaml\n")[1].Split("```")[0];
        var read = SpecReader.Read(yaml, "my-sweep.yaml");
        var bare = SpecReader.Read("base: builtin:tiny-gemma3\ndata: {train: data.csv}\ntemplate: \"{text}\"\n", "my-sweep.yaml");

        Assert.Empty(read.Errors);
        Assert.Equal(bare.Spec!.Name, read.Spec!.Name);
        string[] shownOnly = ["rank", "alpha"];
        Assert.All(
            SettingTable.All.Where(setting => !shownOnly.Contains(setting.Name)),
            setting => Assert.Equal(setting.Get(bare.Spec.Defaults), setting.Get(read.Spec.Defaults)));
        Assert.All(SettingTable.All, setting => Assert.Contains(setting.Name + ":", yaml, StringComparison.Ordinal));
    }
}
