using System.Globalization;

namespace Sweeps.Benchmarks.Training;

/// <summary>Reads <c>--name value</c> pairs; what is wrong becomes a sentence.</summary>
internal sealed class OptionReader
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <param name="args">The arguments behind the verb.</param>
    /// <param name="known">Names that are allowed.</param>
    /// <exception cref="FormatException">An unknown name, or one without a value.</exception>
    public OptionReader(string[] args, params string[] known)
    {
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!known.Contains(args[i]))
            {
                throw new FormatException($"unknown option '{args[i]}': allowed are {string.Join(", ", known)}");
            }

            _values[args[i]] = i + 1 < args.Length
                ? args[i + 1]
                : throw new FormatException($"{args[i]} needs a value behind it");
        }
    }

    /// <summary>A text, or what stands for it.</summary>
    public string? Text(string name, string? otherwise) => _values.GetValueOrDefault(name, otherwise!);

    /// <summary>One of some words.</summary>
    public string Word(string name, string otherwise, params string[] allowed)
    {
        var value = _values.GetValueOrDefault(name, otherwise);
        return allowed.Contains(value)
            ? value
            : throw new FormatException($"{name} '{value}' is not known: {string.Join(", ", allowed)}");
    }

    /// <summary>A whole number.</summary>
    public int Whole(string name, int otherwise, int least)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return otherwise;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least
            ? value
            : throw new FormatException($"{name} '{text}' is not a whole number from {least}");
    }

    /// <summary>Seconds above 0.</summary>
    public double Seconds(string name, double otherwise)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return otherwise;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is > 0 and < 1e6
            ? value
            : throw new FormatException($"{name} '{text}' is not a number of seconds above 0");
    }
}
