using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Data;
using Sweeps.Data.Facts;
using Sweeps.Data.Tokenizers;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods;
using Sweeps.Models.Ops;
using Sweeps.Models.Quantization;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Recipes;

/// <summary>A base model with the trial's head and method on it: a function of the base's files, the settings and the seed.</summary>
internal sealed class TrialModel : IDisposable
{
    /// <summary>Owns what it is made of.</summary>
    internal TrialModel(Transformer body, ClassifierHead head, TrainingMethod method)
    {
        Body = body;
        Head = head;
        Method = method;
        TotalParameters = body.Parameters.Concat(head.Parameters).Concat(method.Trainable)
            .DistinctBy(parameter => parameter.Name).Sum(parameter => parameter.Count);
    }

    /// <summary>The transformer.</summary>
    public Transformer Body { get; }

    /// <summary>What decides.</summary>
    public ClassifierHead Head { get; }

    /// <summary>What is trained.</summary>
    public TrainingMethod Method { get; }

    /// <summary>Parameters of body, head and adapters.</summary>
    public long TotalParameters { get; }

    /// <summary>The trained weights, in a fixed order.</summary>
    public IReadOnlyList<NamedParameter> Trainable => Method.Trainable;

    /// <summary>Loads the base and puts head and method on it.</summary>
    /// <param name="settings">Head, method, precision, seed.</param>
    /// <param name="baseFolder">A Hugging Face folder.</param>
    /// <param name="labels">What the head decides between.</param>
    /// <param name="tokenizer">Of the base.</param>
    /// <param name="log">Gets a sentence on each thing that is new or left over: heads, poolers, buffers; null drops them.</param>
    /// <exception cref="TrainingException">The settings do not fit the base.</exception>
    public static TrialModel Build(
        TrialSettings settings, string baseFolder, LabelSet labels, ITokenizer tokenizer, Action<string>? log = null)
    {
        log ??= _ => { };
        var seed = StableHash.Mix(StableHash.Of("trial"), (ulong)(uint)settings.Seed);
        var options = new LoadOptions
        {
            Seed = seed,
            Log = line => log(line.Replace($"{baseFolder}: ", "", StringComparison.Ordinal)),
            Type = settings.Precision switch
            {
                "float32" => ScalarType.Float32,
                "bfloat16" => ScalarType.BFloat16,
                _ => throw new TrainingException(FailureClass.BadSpec, $"precision '{settings.Precision}' is not known: float32 or bfloat16"),
            },
        };
        if (settings.Method == "qlora")
        {
            options = options with
            {
                Quantization = new Nf4Options
                {
                    DoubleQuantised = settings.DoubleQuant,
                    ComputeType = settings.QuantCompute == "bfloat16" ? ScalarType.BFloat16 : ScalarType.Float32,
                },
            };
        }

        Transformer? body = null;
        ClassifierHead? head = null;
        try
        {
            body = ModelFamilies.Load(baseFolder, options);
            body.RecomputesBlocks = settings.GradientCheckpointing;
            head = MakeHead(settings, body, labels, tokenizer, options);
            Tell(body, head, log);
            var method = TrialMethod.Make(settings, body, head.Parameters, seed);
            return method.Trainable.Count > 0 || settings.Method == "zero-shot"
                ? new TrialModel(body, head, method)
                : throw new ArgumentException(
                    $"nothing is left to train: frozen_layers {settings.FrozenLayers} of {body.LayerCount} and a head without weights. "
                    + "Lower frozen_layers or use head linear");
        }
        catch (Exception error) when (error is ArgumentException or ModelLoadException or SafetensorsException or DataException or TrainingException)
        {
            head?.Dispose();
            body?.Dispose();
            throw error as TrainingException ?? new TrainingException(FailureClass.BadSpec, error.Message, error);
        }
    }

    /// <summary>Names the weights of a head, none of which the base gave as they are.</summary>
    private static void Tell(Transformer body, ClassifierHead head, Action<string> log)
    {
        var owned = head.Parameters.Except(body.Parameters.Concat(body.ClassifierParameters)).ToList();
        var names = string.Join(", ", owned.Select(parameter => $"{parameter.Name} [{string.Join(", ", parameter.Value.shape)}]"));
        if (head is LinearHead)
        {
            log($"new head {names}: not in the base, begins at random");
        }
        else if (owned.Count > 0)
        {
            log($"new head {names}: begins with rows of the base's vocabulary projection");
        }
    }

    /// <summary>Scores [B, C] of a batch.</summary>
    public Tensor Logits(TokenBatch batch, DropoutContext dropout) =>
        Head.Scores(Body, batch, dropout);

    /// <summary>Copies saved weights in.</summary>
    /// <exception cref="InvalidDataException">They are not this trial's weights.</exception>
    public void Restore(SafetensorsFile file)
    {
        using var off = no_grad();
        foreach (var parameter in Trainable)
        {
            var entry = file.Tensors.GetValueOrDefault(parameter.Name);
            if (entry is null || !entry.Shape.SequenceEqual(parameter.Value.shape))
            {
                throw new InvalidDataException($"{file.Path} does not hold {parameter.Name} of this trial's shape");
            }

            using var value = file.Read(parameter.Name);
            parameter.Value.copy_(value);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Method.Dispose();
        Head.Dispose();
        Body.Dispose();
    }

    private static ClassifierHead MakeHead(
        TrialSettings settings, Transformer body, LabelSet labels, ITokenizer tokenizer, LoadOptions options)
    {
        var chat = TextEncoding.ChatOf(settings, body.ModelType, tokenizer);
        IReadOnlyList<IReadOnlyList<IReadOnlyList<long>>> Texts() => LabelTokens.Of(settings, tokenizer, chat);
        return settings.Head switch
        {
            _ when settings.Data.IsMultiLabel => settings.Head == "linear"
                ? new MultiLabelHead(body, labels.Count, options, pooling: PoolingOf(settings))
                : throw new ArgumentException($"head '{settings.Head}' decides for one label a text; rows with a label_separator have any number: use head linear"),
            "linear" => new LinearHead(body, labels.Count, options, pooling: PoolingOf(settings)),
            "label-tokens" => new LabelTokensHead(
                body,
                [.. Texts().Select(texts => (IReadOnlyList<long>)[.. texts.Select(tokens => tokens[0])])],
                settings.Loss switch
                {
                    "constrained" => LabelLoss.Constrained,
                    "vocabulary" => LabelLoss.FullVocabulary,
                    _ => throw new ArgumentException($"loss '{settings.Loss}' is not known: constrained or vocabulary"),
                }),
            "trimmed" => new TrimmedHead(
                body,
                settings.Trim switch
                {
                    "label-tokens" => [.. Texts().Select(texts => texts[0][0])],
                    "first-rows" => [.. Enumerable.Range(0, labels.Count).Select(row => (long)row)],
                    _ => throw new ArgumentException($"trim '{settings.Trim}' is not known: label-tokens or first-rows"),
                },
                options),
            "generate" => new GenerateHead(body, Texts(), LabelTokens.End(tokenizer, chat), labels.Names, settings.Constrained),
            _ => throw new ArgumentException($"head '{settings.Head}' is not known: linear, label-tokens, trimmed or generate"),
        };
    }

    private static HeadPooling? PoolingOf(TrialSettings settings) => settings.Pooling switch
    {
        "auto" => null,
        "cls" => HeadPooling.Cls,
        "pooled" => HeadPooling.Pooled,
        "mean" => HeadPooling.Mean,
        _ => throw new ArgumentException($"pooling '{settings.Pooling}' is not known: auto, cls, pooled or mean"),
    };
}
