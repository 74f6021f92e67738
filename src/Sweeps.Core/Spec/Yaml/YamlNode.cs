namespace Sweeps.Core.Spec.Yaml;

/// <summary>A node of the file with its place.</summary>
internal abstract record YamlNode(SpecMark Mark)
{
    /// <summary>What it is, for a message.</summary>
    public abstract string Kind { get; }
}

/// <summary>A scalar; plain ones that are empty, <c>~</c> or <c>null</c> have no value.</summary>
internal sealed record YamlScalar(SpecMark Mark, string Text, bool IsPlain) : YamlNode(Mark)
{
    public bool HasValue => !IsPlain || Text is not ("" or "~" or "null" or "Null" or "NULL");

    public override string Kind => HasValue ? "a single value" : "nothing";
}

/// <summary>A list.</summary>
internal sealed record YamlList(SpecMark Mark, IReadOnlyList<YamlNode> Items) : YamlNode(Mark)
{
    public override string Kind => "a list";
}

/// <summary>A map; keys are scalars, each once.</summary>
internal sealed record YamlMap(SpecMark Mark, IReadOnlyList<YamlEntry> Entries) : YamlNode(Mark)
{
    public override string Kind => "a map";
}

/// <summary>A key with its value.</summary>
internal sealed record YamlEntry(YamlScalar Key, YamlNode Value);

/// <summary>Something already reported, so that nobody reports it twice.</summary>
internal sealed record YamlBroken(SpecMark Mark) : YamlNode(Mark)
{
    public override string Kind => "something that cannot be read";
}
