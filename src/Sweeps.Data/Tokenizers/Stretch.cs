namespace Sweeps.Data.Tokenizers;

/// <summary>A token and its place in a word, before that word's place in the text is counted in.</summary>
/// <param name="Id">The token id.</param>
/// <param name="Start">Its first UTF-16 unit.</param>
/// <param name="End">The unit after its last.</param>
internal readonly record struct Stretch(int Id, int Start, int End);
