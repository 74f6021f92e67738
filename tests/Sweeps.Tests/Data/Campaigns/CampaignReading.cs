using Sweeps.Data.Campaigns;
using Sweeps.Data.Readers;

namespace Sweeps.Tests.Data.Campaigns;

/// <summary>Reads the values back from the words of a row.</summary>
internal static class CampaignReading
{
    public static int[] Values(Row row) =>
        [.. CampaignWords.Attributes.Select((name, attribute) => Value(attribute, row[name].Split(' ')[1]))];

    public static int Campaign(Row row) => Values(row).Select((value, attribute) => value << (3 * attribute)).Sum();

    public static int Value(int attribute, string word)
    {
        int value = CampaignWords.Values[attribute].ToList().FindIndex(words => words.Contains(word));
        Assert.InRange(value, 0, 7);
        return value;
    }
}
