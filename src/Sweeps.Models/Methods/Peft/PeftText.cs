using System.Globalization;
using System.Text.Json.Nodes;
using Sweeps.Models.Quantization;

namespace Sweeps.Models.Methods.Peft;

/// <summary>Values of adapter_config.json as Python writes them.</summary>
internal static class PeftText
{
    /// <summary>A list of texts; null stays null.</summary>
    public static JsonArray? List(IEnumerable<string>? values) =>
        values is null ? null : new JsonArray([.. values.Select(value => (JsonNode)value)]);

    /// <summary>A list of numbers; null stays null.</summary>
    public static JsonArray? List(IEnumerable<int>? values) =>
        values is null ? null : new JsonArray([.. values.Select(value => (JsonNode)value)]);

    /// <summary>A float, with a point even when it is whole, or as an integer where PEFT's field is one.</summary>
    public static JsonNode Number(double value, bool wholeIsInteger = false) =>
        JsonNode.Parse(wholeIsInteger && value == Math.Floor(value) && Math.Abs(value) < 1e15
            ? ((long)value).ToString(CultureInfo.InvariantCulture)
            : PythonNumber.Of(value))!;

    /// <summary>PEFT's task_type.</summary>
    public static string TaskType(Transformer model, IReadOnlyList<NamedParameter> head) =>
        head.Count > 0 ? "SEQ_CLS" : model.IsDecoder ? "CAUSAL_LM" : "SEQ_2_SEQ_LM";
}
