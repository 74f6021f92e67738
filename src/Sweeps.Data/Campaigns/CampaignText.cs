using System.Text;

namespace Sweeps.Data.Campaigns;

/// <summary>Renders values as words.</summary>
internal static class CampaignText
{
    /// <summary>What a column holds: a filler and one of the value's words; for geography two of its ZIP codes.</summary>
    public static string Field(int attribute, int value, ref SeededRandom random)
    {
        IReadOnlyList<string> words = CampaignWords.Values[attribute][value];
        if (attribute < 4)
        {
            string filler = CampaignWords.Fillers[random.Next(CampaignWords.Fillers.Count)];
            return $"{filler} {words[random.Next(words.Count)]}";
        }

        int first = random.Next(words.Count);
        int second = random.Next(words.Count - 1);
        return $"{words[first]} {words[second < first ? second : second + 1]}";
    }

    /// <summary>"audience mostly students brand now espresso ..." for the attributes whose bit is set.</summary>
    public static string Sentence(ReadOnlySpan<string> fields, int attributes)
    {
        StringBuilder text = new();
        for (int i = 0; i < 5; i++)
        {
            if ((attributes >> i & 1) == 1)
            {
                text.Append(text.Length > 0 ? " " : "").Append(CampaignWords.Attributes[i]).Append(' ').Append(fields[i]);
            }
        }

        return text.ToString();
    }
}
