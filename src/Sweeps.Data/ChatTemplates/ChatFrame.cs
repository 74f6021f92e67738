namespace Sweeps.Data.ChatTemplates;

/// <summary>
/// A conversation with a hole for the last question, up to where the model answers. It holds every special token of the
/// layout, the begin token too: a text in it is encoded without special tokens.
/// </summary>
/// <param name="Before">What stands before the question.</param>
/// <param name="After">What stands behind it, up to the answer.</param>
/// <param name="Trims">Whether the layout takes white space off the borders of the question.</param>
public sealed record ChatFrame(string Before, string After, bool Trims)
{
    /// <summary>The conversation with a question in the hole.</summary>
    public string Fill(string question) => Before + (Trims ? ChatLayout.Trim(question) : question) + After;
}
