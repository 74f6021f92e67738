using Sweeps.Models.Generation;
using Xunit;

namespace Sweeps.Torch.Tests.Models.Generation;

/// <summary>Token sequences of labels.</summary>
public sealed class LabelTrieTests
{
    private const long End = 1;

    [Fact]
    public void Labels_may_begin_with_one_another()
    {
        var trie = new LabelTrie([[5, 6], [5, 6, 7], [5, 8, End], [9]], End);

        Assert.Equal(4, trie.LabelCount);
        Assert.Equal([5, 6, 7, End], trie.Tokens(1));
        Assert.Equal([5, 8, End], trie.Tokens(2));
        Assert.Equal([5, 9], trie.Next([]));
        Assert.Equal([6, 8], trie.Next([5]));
        Assert.Equal([End, 7], trie.Next([5, 6]));
        Assert.Equal([End], trie.Next([5, 6, End]));
        Assert.Equal(0, trie.LabelOf([5, 6, End]));
        Assert.Equal(0, trie.LabelOf([5, 6, End, End]));
        Assert.Null(trie.LabelOf([5, 6]));
        Assert.Null(trie.LabelOf([7]));
        Assert.Throws<ArgumentException>(() => trie.Next([7]));
    }

    [Fact]
    public void Labels_that_no_model_can_write_or_tell_apart_are_named()
    {
        var same = Assert.Throws<ArgumentException>(() => new LabelTrie([[5, 6], [7], [5, 6, End]], End, ["yes", "no", "aye"]));
        Assert.Contains("'yes' and 'aye' give the same tokens (5, 6)", same.Message, StringComparison.Ordinal);

        var empty = Assert.Throws<ArgumentException>(() => new LabelTrie([[5], [End]], End, ["yes", "no"]));
        Assert.Contains("'no' gives no tokens", empty.Message, StringComparison.Ordinal);

        var inside = Assert.Throws<ArgumentException>(() => new LabelTrie([[5, End, 6]], End));
        Assert.Contains("number 0 gives the end token 1 inside", inside.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new LabelTrie([], End));
    }
}
