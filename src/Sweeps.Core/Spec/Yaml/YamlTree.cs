using Sweeps.Core.Spec.Reading;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Sweeps.Core.Spec.Yaml;

/// <summary>
/// Builds the tree from parser events, with every node's place. Aliases, anchors and tags are refused, so a small file
/// stays a small tree; the depth is bounded before it can matter to the stack.
/// </summary>
internal sealed class YamlTree
{
    /// <summary>Deepest nesting.</summary>
    public const int MaxDepth = 16;

    private readonly Parser _parser;
    private readonly ErrorList _errors;

    private YamlTree(Parser parser, ErrorList errors)
    {
        _parser = parser;
        _errors = errors;
    }

    /// <summary>The root map, or null when the file holds none (reported).</summary>
    public static YamlMap? Load(string yaml, ErrorList errors)
    {
        var scanner = new Scanner(new StringReader(yaml));
        try
        {
            return new YamlTree(new Parser(scanner), errors).LoadDocument();
        }
        catch (YamlException error)
        {
            // Some of the parser's errors carry no place; where the scanner stands is the next best.
            var mark = error.Start.Index == 0 ? scanner.CurrentPosition : error.Start;
            errors.Add(MarkOf(mark), "", $"this is not YAML: {Reason(error)}");
            return null;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            // The scanner of YamlDotNet 18.1 throws these on some unclosed flow collections; nothing else runs in here.
            errors.Add(MarkOf(scanner.CurrentPosition), "", "this is not YAML from here on: is a bracket, a brace or a quote not closed?");
            return null;
        }
    }

    private YamlMap? LoadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            _errors.Add(SpecMark.Start, "", "the file is empty", allowed: "a map with at least 'base' and 'data'");
            return null;
        }

        var root = LoadNode(1);
        if (root is null)
        {
            return null;
        }

        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
        {
            _errors.Add(MarkOf(second.Start), "", "a second document begins here; a spec is one document");
        }

        switch (root)
        {
            case YamlMap map:
                return map;
            case YamlScalar { HasValue: false }:
                _errors.Add(SpecMark.Start, "", "the file is empty", allowed: "a map with at least 'base' and 'data'");
                return null;
            case YamlBroken:
                return null;
            default:
                _errors.Add(root.Mark, "", $"a spec is a map (key: value), this is {root.Kind}");
                return null;
        }
    }

    // Null: too deep, and the rest is not read.
    private YamlNode? LoadNode(int depth)
    {
        var current = _parser.Consume<ParsingEvent>();
        var mark = MarkOf(current.Start);
        if (depth > MaxDepth)
        {
            _errors.Add(mark, "", $"the file is nested deeper than {MaxDepth} levels");
            return null;
        }

        if (current is AnchorAlias alias)
        {
            _errors.Add(mark, "", $"the alias '*{ErrorList.Shorten(alias.Value.ToString())}' is not allowed; write the value out");
            return new YamlBroken(mark);
        }

        if (current is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            _errors.Add(
                mark,
                "",
                $"the anchor '&{ErrorList.Shorten(anchored.Anchor.ToString())}' is not allowed; write the value out where it is used");
        }

        if (current is NodeEvent { Tag.IsEmpty: false } tagged)
        {
            _errors.Add(mark, "", $"the tag '{ErrorList.Shorten(tagged.Tag.ToString())}' is not allowed; remove it");
        }

        return current switch
        {
            Scalar scalar => new YamlScalar(mark, scalar.Value, scalar.Style == ScalarStyle.Plain),
            SequenceStart => LoadList(mark, depth),
            MappingStart => LoadMap(mark, depth),
            _ => throw new YamlException(current.Start, current.End, "a value was expected"),
        };
    }

    private YamlList? LoadList(SpecMark mark, int depth)
    {
        var items = new List<YamlNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            if (LoadNode(depth + 1) is not { } item)
            {
                return null;
            }

            items.Add(item);
        }

        return new YamlList(mark, items);
    }

    private YamlMap? LoadMap(SpecMark mark, int depth)
    {
        var entries = new List<YamlEntry>();
        var seen = new Dictionary<string, SpecMark>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (LoadNode(depth + 1) is not { } key || LoadNode(depth + 1) is not { } value)
            {
                return null;
            }

            if (key is not YamlScalar name)
            {
                if (key is not YamlBroken)
                {
                    _errors.Add(key.Mark, "", $"a key is a single word, this is {key.Kind}");
                }
            }
            else if (!seen.TryAdd(name.Text, name.Mark))
            {
                var first = seen[name.Text];
                _errors.Add(
                    name.Mark,
                    name.Text,
                    $"the key '{ErrorList.Shorten(name.Text)}' stands here a second time (first in line {first.Line})");
            }
            else
            {
                entries.Add(new YamlEntry(name, value));
            }
        }

        return new YamlMap(mark, entries);
    }

    private static SpecMark MarkOf(Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private static string Reason(YamlException error)
    {
        // YamlDotNet's messages are sentences; only the first line, and without the full stop.
        var message = error.Message.Split('\n')[0].Trim().TrimEnd('.');
        return message.Length == 0 ? "it cannot be parsed" : ErrorList.Shorten(char.ToLowerInvariant(message[0]) + message[1..], 160);
    }
}
