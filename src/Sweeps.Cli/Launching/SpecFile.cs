using Sweeps.Core.Api;
using Sweeps.Core.Files;
using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Examples;

namespace Sweeps.Cli.Launching;

/// <summary>A spec by path or by the name of a built-in example.</summary>
/// <param name="Name">Name for messages.</param>
/// <param name="Folder">Folder that its relative paths belong to.</param>
/// <param name="Yaml">Its text.</param>
internal sealed record SpecFile(string Name, string Folder, string Yaml)
{
    /// <exception cref="CliException">No such file or example.</exception>
    public static SpecFile Open(string nameOrPath)
    {
        if (!File.Exists(nameOrPath) && SpecExamples.Get(nameOrPath) is { } example)
        {
            return new SpecFile($"{nameOrPath}.yaml", Directory.GetCurrentDirectory(), example);
        }

        if (FileKind.WhyNotRegular(nameOrPath) is { } kind)
        {
            throw new CliException(
                $"{nameOrPath} is {kind}, not a file",
                ExitCodes.BadInput,
                kind == "a folder" ? "name the YAML file in it" : "write the spec to a file and name that");
        }

        if (!File.Exists(nameOrPath))
        {
            throw new CliException(
                NearestName.Of(nameOrPath, SpecExamples.Names) is { } nearest
                    ? $"there is no file {nameOrPath}. Did you mean the built-in example '{nearest}'?"
                    : $"there is no file {nameOrPath}",
                ExitCodes.BadInput,
                $"write one with `sweeps init data.csv`, or use a built-in example: {string.Join(", ", SpecExamples.Names)}");
        }

        try
        {
            return new SpecFile(nameOrPath, Path.GetDirectoryName(Path.GetFullPath(nameOrPath))!, ReadText(nameOrPath));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{nameOrPath} cannot be read: {e.Message}");
        }
    }

    /// <summary>At most 1 MB, whatever the file says of its length: one that grows says too little.</summary>
    private static string ReadText(string path)
    {
        const int most = 1024 * 1024;
        using var reader = new StreamReader(path);
        var buffer = new char[most + 1];
        var count = reader.ReadBlock(buffer);
        return count <= most
            ? new string(buffer, 0, count)
            : throw new CliException($"{path} is larger than 1 MB", ExitCodes.BadInput, "a spec is a few lines; data belong in their own file");
    }

    /// <summary>The spec, checked.</summary>
    /// <exception cref="CliException">It has errors; all are in the message.</exception>
    public SweepSpec Read()
    {
        var result = SpecReader.Read(Yaml, Name);
        return result.Spec ?? throw new CliException(string.Join(Environment.NewLine, result.Errors));
    }

    /// <summary>The base model as the silo is told: built-in name or absolute path.</summary>
    public string AbsoluteBase(SweepSpec spec) =>
        Builtins.IsBuiltin(spec.Defaults.Base) ? spec.Defaults.Base : Path.GetFullPath(spec.Defaults.Base, Folder);
}
