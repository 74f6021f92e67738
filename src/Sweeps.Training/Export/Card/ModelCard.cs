using System.Globalization;
using System.Text;
using Sweeps.Core.Spec;

namespace Sweeps.Training.Export.Card;

/// <summary>
/// The README.md of an export: what the model is and how to load it, its results, its data, how it was trained, and what is
/// not known of it. Front matter and headings are those of the Hugging Face hub's model cards.
/// </summary>
internal static class ModelCard
{
    /// <summary>The card.</summary>
    public static string Write(CardFacts facts)
    {
        var card = new StringBuilder(FrontMatter.Write(facts));
        Paragraph(card, $"# {Title(facts)}");
        Paragraph(card, Summary(facts));
        Section(card, "How to use it", CardUsage.Write(facts));
        Section(card, "Results", CardTables.Results(facts));
        Section(card, "Data", CardTables.Data(facts));
        Section(card, "Prompt", Prompt(facts));
        Section(card, "Base model", BaseModel(facts));
        Section(card, "Training", CardTables.Training(facts));
        Section(card, "Limits", Limits(facts));
        return card.ToString();
    }

    private static string Title(CardFacts facts) =>
        facts.Origin is { } origin ? $"{origin.Name}, trial {origin.Trial}" : $"{facts.Base.Name} after {facts.Settings.Method}";

    private static string Summary(CardFacts facts)
    {
        var settings = facts.Settings;
        var what = facts.Form switch
        {
            ExportForm.Adapter => $"A PEFT adapter ({settings.Method}) for {CardText.Code(facts.Base.Name)}",
            ExportForm.Merged => $"{CardText.Code(facts.Base.Name)} with an adapter ({settings.Method}) folded into its weights",
            _ when settings.Method == "zero-shot" => $"{CardText.Code(facts.Base.Name)} as it is, asked for labels without any training",
            _ when settings.Method == "head-only" => $"{CardText.Code(facts.Base.Name)} with a trained head on frozen weights",
            _ => $"{CardText.Code(facts.Base.Name)} ({facts.Model.Body.ModelType}), fine-tuned",
        };
        return $"{what}. It gives a text {(facts.IsMultiLabel ? "any number" : "one")} of {facts.Labels.Count} labels: {Shown(facts.Labels)}. {Head(facts)}";
    }

    private static string Head(CardFacts facts) => facts.Settings.Head switch
    {
        "linear" => $"A linear head decides ({(facts.Model.Body.IsDecoder ? "on the last token" : $"pooling {facts.Settings.Pooling}")}).",
        "trimmed" => "The vocabulary projection, cut down to one row a label and trained, decides on the last token.",
        "label-tokens" => "The model's own next token decides: the label whose token gets the most probability after the prompt.",
        _ => facts.Settings.Constrained
            ? "The model writes the label behind the prompt, and may write nothing but labels."
            : "The model writes the label behind the prompt, in free text; anything else counts as no label.",
    };

    private static string Prompt(CardFacts facts)
    {
        var text = new StringBuilder("The text that the model reads, with the columns of a row in place of the braces:\n\n");
        text.Append(CardText.Block(facts.Settings.Template));
        if (facts.Settings.FewShot > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nIn front of it stand {facts.Settings.FewShot} solved examples of each class, taken from the training rows:\n\n");
            text.Append(CardText.Block(facts.Encoding.Examples));
        }

        if (facts.Settings.Chat)
        {
            text.Append("\nIt is the user's turn of a conversation in the layout of the base model's family, and the label is the model's turn.\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\nAt most {facts.Encoding.MaxLength} tokens with special ones; of longer texts the longest fields are cut (kept: {facts.Settings.Truncate}).");
        return text.ToString();
    }

    private static string BaseModel(CardFacts facts)
    {
        var identity = facts.Base;
        var text = new StringBuilder(identity switch
        {
            { IsBuiltin: true } => $"{CardText.Code(identity.Name)}, the base model that comes with Sweeps (not on the Hugging Face hub).",
            { HubId: { } id } => $"[{id}](https://huggingface.co/{id}), revision {CardText.Code(identity.Revision!)}.",
            _ => $"{CardText.Code(identity.Name)}: a local folder. What it is on the Hugging Face hub, if it is there, Sweeps does not know: "
                + "`base_model` in this card's header is for you to fill in.",
        });
        if (facts.Form == ExportForm.Adapter)
        {
            text.Append(facts switch
            {
                { HasBase: true } =>
                    $" A copy lies in the folder {CardText.Code(ModelExporter.BaseName)} beside this card (its config.json names the labels, all else is as it was). "
                    + $"`adapter_config.json` names it by that relative path, which PEFT resolves from the working directory: load the base yourself, as shown above, "
                    + "or work from this folder.",
                { Base.HubId: not null } => " `adapter_config.json` names it by that id.",
                _ => $" `adapter_config.json` names it by its path on the machine that made this export ({CardText.Code(facts.BaseFolder)}): "
                    + "on another machine that path means nothing; give your own copy of the base, as shown above.",
            });
        }

        if (facts.Origin is { BaseFiles.Count: > 0 } origin)
        {
            text.Append(" Its files:\n\n| file | bytes | SHA-256 |\n|---|---:|---|\n");
            foreach (var file in origin.BaseFiles)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {CardText.Cell(file.Name)} | {CardText.Count(file.Bytes)} | {CardText.Code(file.Sha256)} |\n");
            }
        }

        return text.ToString().TrimEnd('\n');
    }

    private static string Limits(CardFacts facts)
    {
        List<string> limits =
        [
            facts.IsMultiLabel
                ? $"It knows {facts.Labels.Count} labels and weighs each by itself, whatever the text is about."
                : $"It knows {facts.Labels.Count} labels and gives one of them to every text, whatever the text is about.",
            "The results are of the rows named above. Other sources, languages, times and ways of asking were not tried; nothing was examined for bias.",
        ];
        if (facts is { Classifies: true, Model.Body: { IsDecoder: true, PadTokenId: { } pad } body }
            && ExportPadding.Id(body, facts.Encoding.Tokenizer) is var own && own != pad)
        {
            limits.Add(
                $"The base's config.json names the padding token {pad}, which its tokenizer does not have. This model is padded with {own}, "
                + "the tokenizer's own, and its `pad_token_id` says so: the scores are the same.");
        }

        if (facts.Origin is { Chosen: false })
        {
            limits.Add("The sweep had not chosen this trial when it was exported: another one may be better, and its test rows were not scored.");
        }

        if (facts.Origin?.Validation?.Variant is { } decision and not VariantSettings.Plain)
        {
            limits.Add(CardVariants.Limit(facts, decision));
        }

        if (facts is { Form: ExportForm.Adapter, Classifies: true, LoadsAsUsual: true })
        {
            limits.Add(
                "Load it with PEFT as shown above. Transformers' own `from_pretrained` on an adapter's folder does not read the trained head "
                + "(seen with Transformers 5.12, for adapters that PEFT saves as well): its scores would be of a new, random head.");
        }

        if (facts.Settings.Method is "prefix" or "prompt" && facts.Classifies)
        {
            limits.Add("PEFT classifies with virtual tokens one text at a time, or padded on the left: it reads the last position of a batch.");
        }

        if (facts.Form == ExportForm.Adapter && facts.Settings.Method == "qlora")
        {
            limits.Add(
                "The adapter was trained on the base in 4 bits. On a base in 16 or 32 bits the scores differ a little from the results above; "
                + "`--merge` writes the model with the 4-bit base made into plain numbers.");
        }

        if (!facts.LoadsAsUsual)
        {
            limits.Add(
                $"No class of Transformers{(facts.Form == ExportForm.Adapter ? " or PEFT" : string.Empty)} reads this head "
                + $"(pooling {facts.Settings.Pooling} on {facts.Model.Body.ModelType}): read it as shown above. "
                + "The logits of AutoModelForSequenceClassification would be other scores.");
        }

        limits.Add($"Truncation differs: Sweeps cuts only the fields of a prompt that is too long, a tokenizer cuts its end. Keep texts under {facts.Encoding.MaxLength} tokens.");
        return string.Join('\n', limits.Select(limit => $"- {limit}"));
    }

    private static string Shown(IReadOnlyList<string> labels)
    {
        const int Most = 12;
        var shown = string.Join(", ", labels.Take(Most).Select(CardText.Code));
        return labels.Count > Most ? $"{shown} and {labels.Count - Most} more" : shown;
    }

    private static void Section(StringBuilder card, string heading, string text)
    {
        Paragraph(card, $"## {heading}");
        Paragraph(card, text);
    }

    private static void Paragraph(StringBuilder card, string text) => card.Append('\n').Append(text.Trim('\n')).Append('\n');
}
