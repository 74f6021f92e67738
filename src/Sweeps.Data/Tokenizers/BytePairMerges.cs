namespace Sweeps.Data.Tokenizers;

/// <summary>The merge rules of a byte pair encoding: of all neighbours the pair of the lowest rank first, of equals the leftmost.</summary>
internal sealed class BytePairMerges
{
    private const int ShortWord = 32;
    private const int NoRule = int.MaxValue;

    private readonly Dictionary<ulong, (int Rank, int Id)> _rules;

    public BytePairMerges(int capacity) => _rules = new Dictionary<ulong, (int, int)>(capacity);

    /// <summary>Adds the next rule; where a pair comes twice the last counts, as in Hugging Face.</summary>
    public void Add(int rank, int left, int right, int merged) => _rules[Key(left, right)] = (rank, merged);

    /// <summary>Merges symbols in place.</summary>
    /// <param name="symbols">Their ids; each merged away becomes -1.</param>
    /// <param name="starts">Where each begins; the one that stays keeps the first's.</param>
    /// <param name="ends">Where each ends; the one that stays gets the last's.</param>
    public void Apply(Span<int> symbols, Span<int> starts, Span<int> ends)
    {
        if (symbols.Length < 2)
        {
            return;
        }

        if (symbols.Length <= ShortWord)
        {
            ApplyShort(symbols, starts, ends);
            return;
        }

        int[] next = new int[symbols.Length];
        int[] previous = new int[symbols.Length];
        PriorityQueue<(int At, int Id), ulong> queue = new();
        for (int i = 0; i < symbols.Length; i++)
        {
            next[i] = i + 1;
            previous[i] = i - 1;
            Offer(queue, symbols, i, i + 1);
        }

        while (queue.TryDequeue(out (int At, int Id) candidate, out _))
        {
            int left = candidate.At;
            int right = symbols[left] < 0 ? symbols.Length : next[left];
            // An entry is stale when its pair has since become another.
            if (right >= symbols.Length || !_rules.TryGetValue(Key(symbols[left], symbols[right]), out (int Rank, int Id) rule) || rule.Id != candidate.Id)
            {
                continue;
            }

            symbols[left] = rule.Id;
            ends[left] = ends[right];
            symbols[right] = -1;
            next[left] = next[right];
            if (next[left] < symbols.Length)
            {
                previous[next[left]] = left;
                Offer(queue, symbols, left, next[left]);
            }

            if (previous[left] >= 0)
            {
                Offer(queue, symbols, previous[left], left);
            }
        }
    }

    /// <summary>The same by looking through all pairs for each merge, which takes less than a queue for a few of them.</summary>
    private void ApplyShort(Span<int> symbols, Span<int> starts, Span<int> ends)
    {
        Span<(int Rank, int Id)> pairs = stackalloc (int, int)[ShortWord];
        int count = symbols.Length;
        for (int i = 0; i + 1 < count; i++)
        {
            pairs[i] = Rule(symbols[i], symbols[i + 1]);
        }

        while (true)
        {
            int best = -1;
            for (int i = 0; i + 1 < count; i++)
            {
                if (pairs[i].Rank < (best < 0 ? NoRule : pairs[best].Rank))
                {
                    best = i;
                }
            }

            if (best < 0)
            {
                break;
            }

            (symbols[best], ends[best]) = (pairs[best].Id, ends[best + 1]);
            count--;
            int rest = best + 1;
            symbols[(rest + 1)..(count + 1)].CopyTo(symbols[rest..]);
            starts[(rest + 1)..(count + 1)].CopyTo(starts[rest..]);
            ends[(rest + 1)..(count + 1)].CopyTo(ends[rest..]);
            pairs[(rest + 1)..(count + 1)].CopyTo(pairs[rest..]);
            if (best > 0)
            {
                pairs[best - 1] = Rule(symbols[best - 1], symbols[best]);
            }

            if (rest < count)
            {
                pairs[best] = Rule(symbols[best], symbols[rest]);
            }
        }

        symbols[count..].Fill(-1);
    }

    private (int Rank, int Id) Rule(int left, int right) => _rules.TryGetValue(Key(left, right), out (int Rank, int Id) rule) ? rule : (NoRule, -1);

    private void Offer(PriorityQueue<(int, int), ulong> queue, Span<int> symbols, int left, int right)
    {
        if (right < symbols.Length && _rules.TryGetValue(Key(symbols[left], symbols[right]), out (int Rank, int Id) rule))
        {
            queue.Enqueue((left, rule.Id), ((ulong)rule.Rank << 32) | (uint)left);
        }
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
