namespace Sweeps.Data.Tokenizers;

/// <summary>A token and the part of the text it came from.</summary>
/// <param name="Id">The token id.</param>
/// <param name="Start">The first UTF-16 unit of the original text.</param>
/// <param name="End">The unit after the last; equal to <paramref name="Start"/> when nothing remains of it alone.</param>
public readonly record struct Token(int Id, int Start, int End);

/// <summary>Unknown tokens among all tokens.</summary>
/// <param name="Unknown">Tokens that the vocabulary does not know.</param>
/// <param name="All">All tokens.</param>
public readonly record struct UnknownCount(long Unknown, long All);
