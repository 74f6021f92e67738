using System.Text.RegularExpressions;
using Sweeps.Models.Quantization;
using Sweeps.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Loading;

/// <summary>
/// Hands a model its weights by name, from a folder or newly drawn, and reports at the end everything that was missing,
/// of the wrong shape or left over.
/// </summary>
internal sealed class WeightBinder
{
    private const int MostNamed = 8;

    private readonly SafetensorsFolder? folder;
    private readonly LoadOptions options;
    private readonly string source;
    private readonly Dictionary<string, string> stored = new(StringComparer.Ordinal);
    private readonly List<string> faults = [];
    private readonly List<string> fresh = [];

    /// <param name="folder">The weights; null draws all of them.</param>
    /// <param name="prefix">Base model prefix (<c>bert.</c>), which files saved from a bare encoder lack.</param>
    /// <param name="options">Type, device and seed.</param>
    public WeightBinder(SafetensorsFolder? folder, string prefix, LoadOptions options)
    {
        this.folder = folder;
        this.options = options;
        source = folder?.Path ?? "new model";
        var names = folder?.Names ?? [];
        var bare = names.Count > 0 && !names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));
        foreach (var name in names)
        {
            // TensorFlow's names of layer norms survive in the oldest published files.
            var modern = name.Replace("LayerNorm.gamma", "LayerNorm.weight", StringComparison.Ordinal)
                .Replace("LayerNorm.beta", "LayerNorm.bias", StringComparison.Ordinal);
            stored[bare && !HeadTensor.IsMatch(modern) ? prefix + modern : modern] = name;
        }
    }

    /// <summary>Tensors of task heads: they keep their names where the base model's prefix is missing.</summary>
    private static Regex HeadTensor { get; } =
        new(@"^(classifier|score|lm_head|lm_predictions|mask_predictions|cls|qa_outputs|head|decoder)\.", RegexOptions.CultureInvariant);

    /// <summary>Tensors of a classifier's head.</summary>
    private static Regex OwnHead { get; } = new(@"^(classifier|score)\.", RegexOptions.CultureInvariant);

    public ScalarType Type => options.Type;

    public Device Device => options.Device;

    public ulong Seed => options.Seed;

    /// <summary>Whether all weights are newly drawn.</summary>
    public bool IsNew => folder is null;

    /// <summary>As <see cref="LoadOptions.WithOutput"/>.</summary>
    public bool WithOutput => options.WithOutput;

    public bool Has(string name) => stored.ContainsKey(name);

    /// <summary>The weight <paramref name="name"/>.</summary>
    /// <param name="name">Full Hugging Face name.</param>
    /// <param name="layer">See <see cref="NamedParameter.Layer"/>.</param>
    /// <param name="initial">How it starts in a new model.</param>
    /// <param name="mayBeNew">Whether a folder may lack it.</param>
    /// <param name="shape">Its only allowed shape.</param>
    public NamedParameter Bind(string name, int layer, Initial initial, bool mayBeNew, params long[] shape)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        if (stored.TryGetValue(name, out var packedName) && BitsAndBytesFormat.IsPacked(folder!, packedName))
        {
            return BindPacked(name, layer, packedName, shape);
        }

        Tensor value;
        if (folder is not null && stored.Remove(name, out var storedName))
        {
            var entry = folder.Find(storedName)!;
            if (!entry.Shape.SequenceEqual(shape))
            {
                var (found, asked) = (string.Join(", ", entry.Shape), string.Join(", ", shape));
                faults.Add($"{name} has shape [{found}], config.json asks for [{asked}]");
                value = empty(0);
            }
            else
            {
                value = folder.Read(storedName, options.Type);
            }
        }
        else if (folder is null || mayBeNew)
        {
            // On the meta device there are names and shapes only.
            value = Device.type == DeviceType.META
                ? empty(shape, options.Type, Device)
                : initial.Draw(name, options.Seed, shape).to_type(options.Type);
            fresh.Add(name);
        }
        else
        {
            faults.Add($"{name} is missing");
            value = empty(0);
        }

        return new NamedParameter(name, layer, value.to(options.Device).DetachFromDisposeScope())
        {
            Packing = options.Quantization,
        };
    }

    private NamedParameter BindPacked(string name, int layer, string storedName, long[] shape)
    {
        foreach (var part in BitsAndBytesFormat.Parts)
        {
            stored.Remove(name + part);
        }

        var matrix = BitsAndBytesFormat.Read(
            folder!,
            storedName,
            options.Quantization?.ComputeType ?? options.StoredComputeType ?? ScalarType.Float32,
            options.Device);
        if (!matrix.Shape.SequenceEqual(shape))
        {
            faults.Add($"{name} has shape [{string.Join(", ", matrix.Shape)}], config.json asks for [{string.Join(", ", shape)}]");
        }

        return new NamedParameter(name, layer, matrix);
    }

    /// <summary>Reports what did not fit.</summary>
    /// <param name="ignored">Names that may be left over without a word: buffers.</param>
    /// <param name="unused">Names that may be left over with a log line: parts for other tasks.</param>
    /// <exception cref="ModelLoadException">Missing, misshapen or unknown tensors.</exception>
    public void Complete(Regex ignored, Regex unused)
    {
        var left = stored.Keys.Where(name => !ignored.IsMatch(name)).Order(StringComparer.Ordinal).ToList();
        faults.AddRange(left.Where(name => !unused.IsMatch(name)).Select(name => $"{name} is unknown to this model type"));
        if (faults.Count > 0)
        {
            var more = faults.Count > MostNamed ? $" (and {faults.Count - MostNamed} more)" : "";
            var named = string.Join("; ", faults.Take(MostNamed));
            throw new ModelLoadException($"{source}: the weights do not fit config.json: {named}{more}. Take config.json and weights of one and the same model");
        }

        if (folder is not null && fresh.Count > 0)
        {
            options.Log(
                $"{source}: not in the checkpoint, newly initialised from seed {options.Seed}: {string.Join(", ", fresh)}");
        }

        var heads = left.Where(name => OwnHead.IsMatch(name)).ToList();
        Unused(heads, "the base's own head ", " is not used: trials decide by a head of their own");
        Unused([.. left.Except(heads)], "in the checkpoint but not used: ", "");
        Unused([.. stored.Keys.Where(name => ignored.IsMatch(name)).Order(StringComparer.Ordinal)], "ignored buffers: ", "");
    }

    /// <summary>Says of tensors that they are left over.</summary>
    private void Unused(List<string> names, string before, string after)
    {
        if (names.Count > 0)
        {
            var shown = names.Take(MostNamed).Select(name => $"{name} [{string.Join(", ", folder!.Find(stored[name])!.Shape)}]");
            var more = names.Count > MostNamed ? $" (and {names.Count - MostNamed} more)" : "";
            options.Log($"{source}: {before}{string.Join(", ", shown)}{more}{after}");
        }
    }
}
