using Sweeps.Models.Layers;
using Sweeps.Models.Loading;

namespace Sweeps.Models.T5;

/// <summary>Binds the weights of encoder and decoder in Hugging Face's order.</summary>
/// <param name="config">Sizes.</param>
/// <param name="weights">Where they come from.</param>
/// <param name="own">Takes each weight for the model.</param>
/// <param name="ownLinear">Takes each linear layer for the model.</param>
internal sealed class T5Builder(
    T5Config config, WeightBinder weights, Func<NamedParameter, NamedParameter> own, Func<Linear, Linear> ownLinear)
{
    private long Inner => (long)config.Heads * config.HeadWidth;

    public T5Stack Encoder() => Stack("encoder", 0, config.EncoderLayers, isDecoder: false);

    public T5Stack Decoder() => Stack("decoder", config.EncoderLayers, config.DecoderLayers, isDecoder: true);

    private T5Stack Stack(string name, int firstLayer, int layers, bool isDecoder)
    {
        NamedParameter? table = null;
        var blocks = new List<T5Block>();
        for (var block = 0; block < layers; block++)
        {
            var (path, layer) = ($"{name}.block.{block}.layer.", firstLayer + block);
            var self = Attention($"{path}0.", "SelfAttention", layer, () =>
            {
                // Only the first block has a table; its biases serve the others too.
                if (block == 0)
                {
                    table = own(weights.Bind(
                        $"{path}0.SelfAttention.relative_attention_bias.weight",
                        layer,
                        Deviation(config.Hidden),
                        false,
                        config.Buckets,
                        config.Heads));
                }
            });
            blocks.Add(new T5Block
            {
                Self = self,
                Cross = isDecoder ? Attention($"{path}1.", "EncDecAttention", layer, () => { }) : null,
                FeedForward = FeedForward($"{path}{(isDecoder ? 2 : 1)}.", layer),
            });
        }

        var norm = own(weights.Bind(
            $"{name}.final_layer_norm.weight", NamedParameter.TopLayer, Initial.One, false, config.Hidden));
        return new T5Stack(blocks, table!, new T5Buckets(config.Buckets, config.MaxDistance, bothWays: !isDecoder), norm);
    }

    private T5Attention Attention(string path, string name, int layer, Action afterProjections)
    {
        Linear Project(string part, long outputs, long inputs, double width) =>
            ownLinear(new Linear(own(weights.Bind($"{path}{name}.{part}.weight", layer, Deviation(width), false, outputs, inputs))));
        var query = Project("q", Inner, config.Hidden, (double)config.Hidden * config.HeadWidth);
        var key = Project("k", Inner, config.Hidden, config.Hidden);
        var value = Project("v", Inner, config.Hidden, config.Hidden);
        var output = Project("o", config.Hidden, Inner, Inner);
        afterProjections();
        return new T5Attention(path + name)
        {
            Config = config,
            Query = query,
            Key = key,
            Value = value,
            Output = output,
            Norm = Norm(path, layer),
        };
    }

    private T5FeedForward FeedForward(string path, int layer)
    {
        Linear Project(string part, long outputs, long inputs) => ownLinear(new Linear(own(weights.Bind(
            $"{path}DenseReluDense.{part}.weight", layer, Deviation(inputs), false, outputs, inputs))));
        return new T5FeedForward(path)
        {
            Config = config,
            In = Project(config.IsGated ? "wi_0" : "wi", config.Intermediate, config.Hidden),
            Gate = config.IsGated ? Project("wi_1", config.Intermediate, config.Hidden) : null,
            Out = Project("wo", config.Hidden, config.Intermediate),
            Norm = Norm(path, layer),
        };
    }

    private NamedParameter Norm(string path, int layer) =>
        own(weights.Bind($"{path}layer_norm.weight", layer, Initial.One, false, config.Hidden));

    private Initial Deviation(double width) => Initial.Normal(config.InitializerFactor / Math.Sqrt(width));
}
