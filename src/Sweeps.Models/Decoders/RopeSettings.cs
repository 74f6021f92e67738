using Sweeps.Models.Loading;

namespace Sweeps.Models.Decoders;

/// <summary>Which rotary frequencies a model uses. Source: transformers, modeling_rope_utils.py.</summary>
internal abstract record RopeSettings(double Theta)
{
    private static readonly string[] Types = ["default", "linear", "llama3"];

    /// <summary>Radians per position of each pair of a head, in 32 bits as in the reference.</summary>
    /// <param name="width">Width of a head.</param>
    public float[] Frequencies(int width)
    {
        var frequencies = new float[width / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = Scaled(1f / (float)Math.Pow(Theta, 2f * i / width));
        }

        return frequencies;
    }

    /// <summary>
    /// Reads <c>rope_parameters</c> (transformers 5), or else <c>rope_theta</c> and <c>rope_scaling</c> (transformers 4).
    /// </summary>
    /// <param name="config">The model's config.json.</param>
    /// <param name="theta">Base where the file names none.</param>
    public static RopeSettings Read(ModelConfig config, double theta) =>
        config.Inner("rope_parameters") is { } parameters
            ? Of(parameters, parameters.Number("rope_theta", config.Number("rope_theta", theta)))
            : Of(config.Inner("rope_scaling"), config.Number("rope_theta", theta));

    /// <summary>The settings that one object of config.json describes; null is no scaling.</summary>
    /// <exception cref="ModelLoadException">A type that is not known, or a number out of range.</exception>
    public static RopeSettings Of(ModelConfig? rope, double theta)
    {
        if (rope is null)
        {
            return new DefaultRope(theta);
        }

        var type = rope.Text("rope_type", rope.Text("type", "default"));
        return type switch
        {
            "default" => new DefaultRope(theta),
            "linear" => new LinearRope(theta, Positive(rope, "factor")),
            "llama3" => Llama3(rope, theta),
            _ => throw rope.Fault(
                rope.Has("rope_type") ? "rope_type" : "type",
                $"{string.Join(", ", Types[..^1])} or {Types[^1]}{(NearestName.Of(type, Types) is { } near ? $" (did you mean '{near}'?)" : string.Empty)}"),
        };
    }

    /// <summary>The scaled form of an unscaled frequency.</summary>
    protected abstract float Scaled(float frequency);

    private static Llama3Rope Llama3(ModelConfig rope, double theta)
    {
        var (low, high) = (Positive(rope, "low_freq_factor"), Positive(rope, "high_freq_factor"));
        if (high <= low)
        {
            throw rope.Fault("high_freq_factor", $"above low_freq_factor, {low}");
        }

        return new Llama3Rope(
            theta, Positive(rope, "factor"), low, high, rope.Whole("original_max_position_embeddings"));
    }

    private static double Positive(ModelConfig rope, string name) =>
        rope.Number(name) is > 0 and var value ? value : throw rope.Fault(name, "a number above 0");

    private sealed record DefaultRope(double Theta) : RopeSettings(Theta)
    {
        protected override float Scaled(float frequency) => frequency;
    }

    /// <summary>Positions are divided by the factor.</summary>
    private sealed record LinearRope(double Theta, double Factor) : RopeSettings(Theta)
    {
        protected override float Scaled(float frequency) => (float)(frequency / Factor);
    }

    /// <summary>
    /// Wavelengths beyond original / low are stretched by the factor, those below original / high stay, and between
    /// them it goes over smoothly.
    /// </summary>
    private sealed record Llama3Rope(double Theta, double Factor, double Low, double High, int Original)
        : RopeSettings(Theta)
    {
        protected override float Scaled(float frequency)
        {
            var wavelength = 2 * Math.PI / frequency;
            var smooth = Math.Clamp(((Original / wavelength) - Low) / (High - Low), 0, 1);
            return (float)(frequency * (((1 - smooth) / Factor) + smooth));
        }
    }
}
