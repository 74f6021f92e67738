using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Data.Splits;

/// <summary>
/// What two texts share when a person would call them the same: lower case, letters, digits and their marks only, runs
/// of white space as one space. A text without letters or digits stays as it is, without the space around it.
/// </summary>
public static class NormalForm
{
    /// <summary>The normal form of a text.</summary>
    public static string Of(string text)
    {
        StringBuilder result = new(text.Length);
        bool space = false;
        foreach (Rune rune in UnicodeSupport.Normalize(text, NormalizationForm.FormC).EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                space = result.Length > 0;
            }
            else if (Counts(rune))
            {
                if (space)
                {
                    result.Append(' ');
                    space = false;
                }

                result.Append(Rune.ToLowerInvariant(rune).ToString());
            }
        }

        return result.Length > 0 ? result.ToString() : text.Trim();
    }

    /// <summary>The normal form of several fields of a row; their borders count.</summary>
    public static string Of(IEnumerable<string> fields) => string.Join('\u001f', fields.Select(Of));

    /// <summary>SHA-256 of a salt and a text, as an order that does not depend on where the row stands.</summary>
    internal static UInt128 Hash(string salt, string text)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(salt + "\u001e" + text));
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private static bool Counts(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark => true,
        UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => true,
        _ => Rune.IsLetterOrDigit(rune),
    };
}
