namespace Sweeps.Data.Splits;

/// <summary>
/// Takes a share of the rows for validation where a row has any number of labels: of every label as near the share as the
/// labels that come with it allow, by iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011, "On the Stratification of
/// Multi-Label Data"). Rows are taken in the order of a hash of their content, so that their order in the file does not
/// matter, and rows with the same <see cref="NormalForm"/> are always on one side.
/// </summary>
public static class MultiLabelSplit
{
    /// <summary>Chooses the validation rows.</summary>
    /// <param name="texts">The normal form of each row (<see cref="NormalForm.Of(IEnumerable{string})"/>).</param>
    /// <param name="labels">The label indexes of each row, each once.</param>
    /// <param name="share">The share of each label, above 0 and below 1.</param>
    /// <param name="salt">Another salt chooses other rows.</param>
    /// <returns>
    /// For each row whether it is a validation row. A label with two different texts or more has rows on both sides, unless
    /// every way to move one would take another label off a side; a label with one is for training only.
    /// </returns>
    /// <exception cref="DataException">The share is out of range or no row could be taken.</exception>
    public static bool[] Choose(
        IReadOnlyList<string> texts, IReadOnlyList<int[]> labels, double share = ValidationSplit.DefaultShare, string salt = "")
    {
        ValidationSplit.CheckShare(share);
        var held = Take(texts, labels, share, salt);
        return held.Contains(true)
            ? held
            : throw new DataException(null, null, "no row could be taken for validation: every label has a single text", "Name a validation file or add rows");
    }

    /// <summary>As <see cref="Choose"/>; it may be that no row is taken.</summary>
    internal static bool[] Take(IReadOnlyList<string> texts, IReadOnlyList<int[]> labels, double share, string salt)
    {
        if (texts.Count != labels.Count)
        {
            throw new ArgumentException($"{texts.Count} texts for {labels.Count} rows of labels.", nameof(labels));
        }

        var groups = new Groups(texts, labels, salt);
        groups.Place(share);
        groups.Mend();
        var held = new bool[texts.Count];
        foreach (var row in groups.Held)
        {
            held[row] = true;
        }

        return held;
    }

    /// <summary>The rows of a text, which stay together.</summary>
    /// <param name="Hash">Where it stands in the order.</param>
    /// <param name="Text">The text: decides between equal hashes.</param>
    /// <param name="Rows">Its rows.</param>
    /// <param name="Labels">The labels that its rows have, and how many of them; rows without any have one label of their own.</param>
    private sealed record Group(UInt128 Hash, string Text, int[] Rows, (int Label, int Rows)[] Labels)
    {
        public bool? IsHeld { get; set; }
    }

    private sealed class Groups
    {
        private readonly List<Group> _all;
        private readonly List<Group>[] _byLabel;
        private readonly int _rows;

        public Groups(IReadOnlyList<string> texts, IReadOnlyList<int[]> labels, string salt)
        {
            // Rows without a label are shared out like those of a label: the last one.
            var none = labels.SelectMany(static set => set).DefaultIfEmpty(-1).Max() + 1;
            _rows = texts.Count;
            _all = [.. Enumerable.Range(0, texts.Count).GroupBy(row => texts[row], StringComparer.Ordinal)
                .Select(text => new Group(
                    NormalForm.Hash(salt, text.Key),
                    text.Key,
                    [.. text],
                    [.. text.SelectMany(row => labels[row] is { Length: > 0 } own ? own : [none]).CountBy(static label => label)
                        .Select(static count => (count.Key, count.Value)).OrderBy(static count => count.Key)]))
                .OrderBy(static group => group.Hash).ThenBy(static group => group.Text, StringComparer.Ordinal)];
            _byLabel = [.. Enumerable.Range(0, none + 1).Select(static _ => new List<Group>())];
            foreach (var group in _all)
            {
                foreach (var (label, _) in group.Labels)
                {
                    _byLabel[label].Add(group);
                }
            }
        }

        /// <summary>The rows that were taken.</summary>
        public IEnumerable<int> Held => _all.Where(static group => group.IsHeld == true).SelectMany(static group => group.Rows);

        /// <summary>Puts every group on the side that wants more of the rarest label it has.</summary>
        public void Place(double share)
        {
            // What each side still wants, of each label and in all.
            var wanted = Enumerable.Range(0, _byLabel.Length).Select(label => Wanted(label, share)).ToArray();
            var all = (Held: share * _rows, Trained: (1 - share) * _rows);
            int[] left = [.. _byLabel.Select(static groups => groups.Count)];
            while (Rarest(left) is { } label)
            {
                foreach (var group in _byLabel[label].Where(static group => group.IsHeld is null))
                {
                    var (held, trained) = wanted[label];
                    var isHeld = held == trained ? all.Held > all.Trained : held > trained;
                    group.IsHeld = isHeld;
                    all = Less(all, isHeld, group.Rows.Length);
                    foreach (var (own, rows) in group.Labels)
                    {
                        wanted[own] = Less(wanted[own], isHeld, rows);
                        left[own]--;
                    }
                }
            }
        }

        /// <summary>Brings labels that are on one side only to the other one too, where that takes no label off a side.</summary>
        public void Mend()
        {
            for (var label = 0; label < _byLabel.Length - 1; label++)
            {
                if (_byLabel[label].Count < 2 || _byLabel[label].Select(static group => group.IsHeld).Distinct().Count() == 2)
                {
                    continue;
                }

                var from = _byLabel[label][0].IsHeld;
                var moved = _byLabel[label].FirstOrDefault(group => group.Labels.All(own =>
                    own.Label == _byLabel.Length - 1 || _byLabel[own.Label].Count(other => other.IsHeld == from) > 1));
                if (moved is not null)
                {
                    moved.IsHeld = from != true;
                }
            }
        }

        /// <summary>The label with the fewest groups left; null when all are placed.</summary>
        private static int? Rarest(int[] left)
        {
            int? rarest = null;
            for (var label = 0; label < left.Length; label++)
            {
                if (left[label] > 0 && (rarest is not { } former || left[label] < left[former]))
                {
                    rarest = label;
                }
            }

            return rarest;
        }

        /// <summary>The rows of a label that each side wants: one text's at least, where there are two.</summary>
        private (double Held, double Trained) Wanted(int label, double share)
        {
            var rows = _byLabel[label].Sum(group => group.Labels.First(own => own.Label == label).Rows);
            var held = _byLabel[label].Count < 2 ? 0 : Math.Clamp(share * rows, 1, rows - 1);
            return (held, rows - held);
        }

        private static (double Held, double Trained) Less((double Held, double Trained) wanted, bool isHeld, int rows) =>
            isHeld ? wanted with { Held = wanted.Held - rows } : wanted with { Trained = wanted.Trained - rows };
    }
}
