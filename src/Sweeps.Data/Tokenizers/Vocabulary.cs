namespace Sweeps.Data.Tokenizers;

/// <summary>Tokens by id and ids by token, added tokens included.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly string?[] _tokens;

    /// <param name="ids">The model's own vocabulary.</param>
    /// <param name="added">Tokens added to it.</param>
    /// <param name="file">For messages.</param>
    /// <exception cref="DataException">An id is negative, used twice or far beyond the number of tokens.</exception>
    public Vocabulary(Dictionary<string, int> ids, IEnumerable<AddedToken> added, string file)
    {
        _ids = ids;
        _lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (AddedToken token in added)
        {
            _ids[token.Content] = token.Id;
        }

        int max = ids.Count == 0 ? -1 : ids.Values.Max();
        // A lying id must not make us allocate gigabytes; published vocabularies have few holes.
        if (ids.Count == 0 || ids.Values.Min() < 0 || max > (4L * ids.Count) + 1024)
        {
            throw new DataException(file, null, $"the vocabulary has {ids.Count} tokens with ids up to {max}", "Take the tokenizer file from the model's source again");
        }

        _tokens = new string?[max + 1];
        foreach ((string token, int id) in ids)
        {
            if (_tokens[id] is { } other)
            {
                throw new DataException(file, null, $"the tokens '{other}' and '{token}' both have id {id}", "Take the tokenizer file from the model's source again");
            }

            _tokens[id] = token;
        }
    }

    public int Size => _tokens.Length;

    public int? IdOf(string token) => _ids.TryGetValue(token, out int id) ? id : null;

    public int? IdOf(ReadOnlySpan<char> token) => _lookup.TryGetValue(token, out int id) ? id : null;

    public string? TokenOf(int id) => (uint)id < (uint)_tokens.Length ? _tokens[id] : null;
}
