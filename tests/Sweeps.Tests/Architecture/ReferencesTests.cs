using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using Xunit;

namespace Sweeps.Tests.Architecture;

/// <summary>Holds the arrows of the house: who may know whom, in the project files and in what was built from them.</summary>
public sealed class ReferencesTests
{
    /// <summary>Every project of src and the projects it may know, itself left out.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Core"] = [],
        ["Search"] = ["Core"],
        ["Data"] = ["Core"],
        ["Models"] = [],
        ["Training"] = ["Models", "Data", "Core"],
        ["Trainer"] = ["Training", "Models", "Data", "Core"],
        ["Abstractions"] = ["Core"],
        ["Grains"] = ["Abstractions", "Search", "Core"],
        ["Worker"] = ["Abstractions", "Core"],
        ["Storage"] = ["Core"],
        ["Web"] = ["Abstractions", "Core"],
        ["Silo"] = ["Grains", "Worker", "Storage", "Web", "Abstractions", "Search", "Core"],
        ["Cli"] = ["Core", "Search", "Data"],
    };

    /// <summary>Libraries that only some may touch: the beginning of an assembly's or package's name, and who may.</summary>
    private static readonly (string Library, string[] Owners)[] Libraries =
    [
        ("TorchSharp", ["Models", "Training", "Trainer"]),
        ("libtorch", ["Models"]),
        ("Orleans", ["Abstractions", "Grains", "Worker", "Web", "Silo"]),
        ("Microsoft.Orleans", ["Abstractions", "Grains", "Worker", "Web", "Silo"]),
        ("Microsoft.Data.Sqlite", ["Storage"]),
        ("YamlDotNet", ["Core"]),
        ("Microsoft.ML.Tokenizers", ["Data"]),
        ("Microsoft.AspNetCore", ["Web", "Worker", "Silo"]),
        ("OpenTelemetry", ["Silo"]),
        ("Spectre.Console", ["Cli"]),
        ("System.CommandLine", ["Cli", "Trainer"]),
    ];

    public static TheoryData<string> Projects => [.. Allowed.Keys];

    [Fact]
    public void The_table_names_every_project_and_so_does_the_solution()
    {
        var folders = Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(path => Path.GetFileName(path)!);
        Assert.Equal(Allowed.Keys.Select(name => "Sweeps." + name).Order(), folders.Order());
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "Sweeps.sln"));
        Assert.All(Allowed.Keys, name => Assert.Contains($"Sweeps.{name}.csproj", solution, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_file_references_only_what_it_may(string project)
    {
        var file = XDocument.Load(Path.Combine(Repository.Root, "src", "Sweeps." + project, $"Sweeps.{project}.csproj"));
        var references = file.Descendants("ProjectReference")
            .Where(reference => !IsBuildOnly(reference))
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))["Sweeps.".Length..]);
        Assert.All(references, reference => Assert.Contains(reference, Allowed[project]));

        var packages = file.Descendants("PackageReference").Select(package => package.Attribute("Include")!.Value);
        Assert.All(packages, package => Assert.True(MayTouch(project, package), $"{project} may not use {package}"));
    }

    [Fact]
    public void The_command_only_builds_silo_and_trainer()
    {
        var file = XDocument.Load(Path.Combine(Repository.Root, "src", "Sweeps.Cli", "Sweeps.Cli.csproj"));
        var built = file.Descendants("ProjectReference").Where(IsBuildOnly)
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        Assert.Equal(["Sweeps.Silo", "Sweeps.Trainer"], built.Order());
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_built_assembly_references_only_what_it_may(string project)
    {
        var path = Built(project);
        Assert.SkipWhen(path is null, $"needs Sweeps.{project} built: dotnet build Sweeps.sln");

        using var stream = File.OpenRead(path!);
        using var image = new PEReader(stream);
        var reader = image.GetMetadataReader();
        var names = reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name)).ToList();

        Assert.Contains("System.Runtime", names);
        foreach (var name in names)
        {
            if (name.StartsWith("Sweeps.", StringComparison.Ordinal))
            {
                Assert.Contains(name["Sweeps.".Length..], Allowed[project]);
            }
            else
            {
                Assert.True(MayTouch(project, name), $"{project} may not use {name}");
            }
        }
    }

    [Fact]
    public void Who_may_know_whom_has_no_circle_and_torch_never_meets_orleans()
    {
        Assert.All(Allowed, entry => Assert.All(entry.Value, other => Assert.DoesNotContain(entry.Key, Allowed[other])));
        var torch = Libraries.Single(entry => entry.Library == "TorchSharp").Owners;
        var orleans = Libraries.Single(entry => entry.Library == "Orleans").Owners;
        Assert.Empty(torch.Intersect(orleans));
        Assert.All(orleans, name => Assert.Empty(Allowed[name].Intersect(torch)));
        Assert.All(torch, name => Assert.Empty(Allowed[name].Intersect(orleans)));
        Assert.Equal(["Silo"], Allowed.Where(entry => entry.Value.Contains("Storage")).Select(entry => entry.Key));
    }

    private static bool IsBuildOnly(XElement reference) => reference.Attribute("ReferenceOutputAssembly")?.Value == "false";

    private static bool MayTouch(string project, string library) =>
        Libraries.All(entry => !library.StartsWith(entry.Library, StringComparison.OrdinalIgnoreCase) || entry.Owners.Contains(project));

    // Those this project references lie beside the tests; the others where the build of the solution put them.
    private static string? Built(string project)
    {
        var names = project == "Cli" ? new[] { "sweeps.dll" } : [$"Sweeps.{project}.dll"];
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        return names
            .SelectMany(name => new[]
            {
                Path.Combine(AppContext.BaseDirectory, name),
                Path.Combine(Repository.Root, "artifacts", "bin", "Sweeps." + project, configuration, name),
            })
            .FirstOrDefault(File.Exists);
    }
}
