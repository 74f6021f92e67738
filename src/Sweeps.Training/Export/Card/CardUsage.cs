using System.Buffers;
using System.Globalization;
using System.Text;
using Sweeps.Models.Heads;
using Sweeps.Models.Methods.Peft;

namespace Sweeps.Training.Export.Card;

/// <summary>The Python that loads an export and labels a text with it: one for each head, method and form.</summary>
internal static class CardUsage
{
    private const string Classifier = "AutoModelForSequenceClassification";

    /// <summary>Characters that mean something to Python's str.format inside of braces.</summary>
    private static readonly SearchValues<char> FormatCharacters = SearchValues.Create(".[]!:");

    public static string Write(CardFacts facts)
    {
        var code = new StringBuilder();
        Imports(code, facts);
        Line(code, string.Empty);
        Line(code, "folder = \".\"  # where this card lies");
        Line(code, "tokenizer = AutoTokenizer.from_pretrained(folder)");
        Load(code, facts);
        Line(code, string.Empty);
        Text(code, facts);
        Decide(code, facts);
        var note = facts.Form == ExportForm.Adapter && facts is { HasBase: false, Base.HubId: null }
            ? $"Put your copy of the base model in place of {CardText.Code(BasePlace(facts))}.\n\n"
            : string.Empty;
        return note + CardText.Block(code.ToString(), "python");
    }

    /// <summary>The class of Transformers that the head is read by.</summary>
    private static string AutoClass(CardFacts facts) => facts switch
    {
        { Classifies: true, LoadsAsUsual: false, IsEncoderDecoder: true } => "T5EncoderModel",
        { Classifies: true, LoadsAsUsual: false, Form: not ExportForm.Adapter } => "AutoModel",
        { Classifies: true } => Classifier,
        { IsEncoderDecoder: true } => "AutoModelForSeq2SeqLM",
        _ => "AutoModelForCausalLM",
    };

    private static void Imports(StringBuilder code, CardFacts facts)
    {
        Line(code, "import torch");
        if (facts.Form == ExportForm.Adapter)
        {
            Line(code, "from peft import PeftModel");
        }

        if (IsByHand(facts))
        {
            Line(code, "from safetensors.torch import load_file");
        }

        var quantised = facts.Model.Body.IsQuantised && facts.Form == ExportForm.Adapter ? ", BitsAndBytesConfig" : string.Empty;
        Line(code, $"from transformers import {AutoClass(facts)}, AutoTokenizer{quantised}");
    }

    private static void Load(StringBuilder code, CardFacts facts)
    {
        if (facts.Form != ExportForm.Adapter)
        {
            var type = facts.Settings.Precision == "bfloat16" ? "bfloat16" : "float32";
            Line(code, $"model = {AutoClass(facts)}.from_pretrained(folder, dtype=torch.{type}).eval()");
            if (IsByHand(facts))
            {
                Line(code, "head = load_file(f\"{folder}/model.safetensors\")");
            }

            return;
        }

        var arguments = new StringBuilder($"dtype=torch.{(facts.Settings.Precision == "bfloat16" ? "bfloat16" : "float32")}");
        arguments.Append(
            facts is { Classifies: true, HasBase: false } && AutoClass(facts) == Classifier ? $", num_labels={facts.Labels.Count}" : string.Empty);
        arguments.Append(facts.PoolingArgument is { } pooling ? $", classifier_pooling={CardText.Quoted(pooling)}" : string.Empty);
        if (facts.Base is { HubId: not null, Revision: { } revision } && !facts.HasBase)
        {
            arguments.Append(CultureInfo.InvariantCulture, $", revision={CardText.Quoted(revision)}");
        }

        if (facts.Model.Body.IsQuantised)
        {
            Line(code, "bits = BitsAndBytesConfig(");
            Line(code, $"    load_in_4bit=True, bnb_4bit_quant_type=\"nf4\", bnb_4bit_use_double_quant={(facts.Settings.DoubleQuant ? "True" : "False")},");
            Line(code, $"    bnb_4bit_compute_dtype=torch.{facts.Settings.QuantCompute})");
            arguments.Append(", quantization_config=bits");
        }

        var place = facts.HasBase ? $"f\"{{folder}}/{ModelExporter.BaseName}\"" : CardText.Quoted(BasePlace(facts));
        Line(code, $"base = {AutoClass(facts)}.from_pretrained({place}, {arguments})");
        if (facts is { Classifies: true, HasBase: false, Model.Body: { IsDecoder: true } body }
            && body.PadTokenId != ExportPadding.Id(body, facts.Encoding.Tokenizer))
        {
            Line(code, "base.config.pad_token_id = tokenizer.pad_token_id");
        }

        if (!IsByHand(facts))
        {
            Line(code, "model = PeftModel.from_pretrained(base, folder).eval()");
            return;
        }

        // PEFT's own forward is that of a classifier; the encoder inside it has the adapter's layers all the same.
        Line(code, "model = PeftModel.from_pretrained(base, folder).get_base_model().base_model.eval()  # the encoder, with the adapter in it");
        Line(code, "head = load_file(f\"{folder}/adapter_model.safetensors\")  # PEFT leaves the head there");
    }

    private static void Text(StringBuilder code, CardFacts facts)
    {
        var columns = facts.Encoding.Template.Columns;
        Line(code, $"prompt = {CardText.Quoted(facts.Settings.Template)}");
        Line(code, $"row = {{{string.Join(", ", columns.Select(column => $"{CardText.Quoted(column)}: \"...\""))}}}");
        if (columns.All(column => !char.IsDigit(column[0]) && !column.AsSpan().ContainsAny(FormatCharacters)))
        {
            Line(code, "text = prompt.format(**row)");
        }
        else
        {
            Line(code, "text = prompt");
            Line(code, "for column, value in row.items():");
            Line(code, "    text = text.replace(\"{\" + column + \"}\", value)");
        }

        if (facts.Encoding.Conversation is { } chat)
        {
            Line(code, "# The text is a turn of a conversation in the family's layout, with every special token of it.");
            Line(code, $"text = {CardText.Quoted(chat.Before)} + text{(chat.Trims ? ".strip()" : string.Empty)} + {CardText.Quoted(chat.After)}");
        }
        else if (facts.Encoding.Examples.Length > 0)
        {
            Line(code, $"examples = {CardText.Quoted(facts.Encoding.Examples)}");
            Line(code, "text = examples + text");
        }
    }

    private static void Decide(StringBuilder code, CardFacts facts)
    {
        var special = facts.Encoding.Chat is null ? string.Empty : " add_special_tokens=False,";
        Line(code, $"inputs = tokenizer(text,{special} truncation=True, max_length={facts.Encoding.MaxLength}, return_tensors=\"pt\")");
        var goesOn = facts.Model is { Body.IsDecoder: true, Head.ReadsNextToken: true } && facts.Encoding.Chat is null;
        if (goesOn && facts.Encoding.Tokenizer.Suffix.Count is > 0 and var suffix)
        {
            Line(code, $"# The tokenizer ends a text with {suffix} special token{(suffix > 1 ? "s" : string.Empty)}: here the answer goes on.");
            Line(code, $"inputs = {{name: ids[:, :-{suffix}] for name, ids in inputs.items()}}");
        }

        switch (facts.Model.Head)
        {
            case GenerateHead:
                Generate(code, facts);
                break;
            case LabelTokensHead:
                LabelTokens(code, facts);
                break;
            default:
                Classify(code, facts);
                break;
        }
    }

    private static void Classify(StringBuilder code, CardFacts facts)
    {
        Line(code, $"labels = [{string.Join(", ", facts.Labels.Select(CardText.Quoted))}]");
        Line(code, "with torch.no_grad():");
        if (!IsByHand(facts))
        {
            Line(code, "    logits = model(**inputs).logits[0]");
        }
        else
        {
            var linear = (LinearHead)facts.Model.Head;
            var (weight, bias) = HeadNames(facts);
            Line(code, "    output = model(**inputs)");
            if (linear.Pooling == HeadPooling.Mean)
            {
                Line(code, "    mask = inputs[\"attention_mask\"].unsqueeze(-1)  # padding does not count");
            }

            Line(code, linear.Pooling switch
            {
                HeadPooling.Cls => "    vector = output.last_hidden_state[:, 0]",
                HeadPooling.Mean => "    vector = (output.last_hidden_state * mask).sum(1) / mask.sum(1)",
                _ => "    vector = output.pooler_output",
            });
            Line(code, $"    logits = (vector @ head[\"{weight}\"].to(vector.dtype).T + head[\"{bias}\"].to(vector.dtype))[0]");
        }

        if (facts.IsMultiLabel)
        {
            Line(code, "probabilities = logits.float().sigmoid()  # of each label by itself");
            Line(code, "print([label for label, p in zip(labels, probabilities.tolist()) if p >= 0.5], dict(zip(labels, probabilities.tolist())))");
            return;
        }

        Line(code, "probabilities = logits.float().softmax(-1)");
        Line(code, "print(labels[probabilities.argmax()], dict(zip(labels, probabilities.tolist())))");
    }

    private static void LabelTokens(StringBuilder code, CardFacts facts)
    {
        var texts = Inputs.LabelTokens.Of(facts.Settings, facts.Encoding.Tokenizer, facts.Encoding.Chat);
        Line(code, "# The tokens that stand for each label.");
        Line(code, $"tokens = {{{string.Join(", ", texts.Select((label, index) => $"{CardText.Quoted(facts.Labels[index])}: [{string.Join(", ", label.Select(ids => ids[0]).Distinct())}]"))}}}");
        Line(code, "with torch.no_grad():");
        Line(code, "    logits = model(**inputs).logits[0, -1].float()");
        Line(code, "scores = torch.stack([logits[ids].logsumexp(0) for ids in tokens.values()])");
        Line(code, "probabilities = scores.softmax(-1)");
        Line(code, "print(list(tokens)[probabilities.argmax()], dict(zip(tokens, probabilities.tolist())))");
    }

    private static void Generate(StringBuilder code, CardFacts facts)
    {
        var head = (GenerateHead)facts.Model.Head;
        var end = Inputs.LabelTokens.End(facts.Encoding.Tokenizer, facts.Encoding.Chat);
        var texts = Inputs.LabelTokens.Of(facts.Settings, facts.Encoding.Tokenizer, facts.Encoding.Chat);
        Line(code, "# The tokens of each label's texts, with the end token.");
        Line(code, "labels = {");
        for (var label = 0; label < texts.Count; label++)
        {
            Line(code, $"    {CardText.Quoted(facts.Labels[label])}: [{string.Join(", ", texts[label].Select(ids => $"[{string.Join(", ", ids.Append(end))}]"))}],");
        }

        Line(code, "}");
        Line(code, facts.IsEncoderDecoder ? "start = 1  # the decoder's first token" : "start = inputs[\"input_ids\"].shape[1]");
        var constrain = facts.Settings.Constrained ? ", prefix_allowed_tokens_fn=allowed" : string.Empty;
        if (facts.Settings.Constrained)
        {
            Line(code, string.Empty);
            Line(code, "def allowed(_, ids):");
            Line(code, "    written = ids[start:].tolist()");
            Line(code, "    after = [text[len(written)] for texts in labels.values() for text in texts");
            Line(code, "             if len(text) > len(written) and text[:len(written)] == written]");
            Line(code, $"    return after or [{end}]");
            Line(code, string.Empty);
        }

        if (facts.Generation is { } generation && generation["eos_token_id"] is { } ends && !CardGeneration.EndsAt(ends, end))
        {
            Line(code, $"# generation_config.json ends texts at {ends.ToJsonString()}, a label ends with {end}: generate has to be told.");
        }

        Line(code, "with torch.no_grad():");
        Line(code, $"    ids = model.generate(**inputs, max_new_tokens={head.LongestAnswer}, do_sample=False, eos_token_id={end}, pad_token_id={end}{CardGeneration.Arguments(facts)}{constrain})");
        Line(code, "written = ids[0, start:].tolist()");
        Line(code, "print(next((label for label, texts in labels.items() if written in texts), None))");
    }

    private static bool IsByHand(CardFacts facts) =>
        facts is { Classifies: true, LoadsAsUsual: false };

    /// <summary>The head's tensors as the export's file names them.</summary>
    private static (string Weight, string Bias) HeadNames(CardFacts facts)
    {
        string Saved(string end)
        {
            var name = $"{facts.Model.Body.ClassifierName}.{end}";
            return facts.Form == ExportForm.Adapter
                ? ((PeftMethod)facts.Model.Method).SavedName(facts.Model.Head.Parameters.First(parameter => parameter.Name == name))
                : name;
        }

        return (Saved("weight"), Saved("bias"));
    }

    private static string BasePlace(CardFacts facts) => facts.Base.HubId ?? $"path/of/{facts.Base.Name}";

    private static void Line(StringBuilder code, string line) => code.Append(line).Append('\n');
}
