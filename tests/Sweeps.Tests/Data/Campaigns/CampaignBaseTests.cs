using Sweeps.Data.Campaigns;
using Sweeps.Data.Templates;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Tests.Data.Campaigns;

/// <summary>What the built-in base model is made of: words, tokenizer, statements.</summary>
public sealed class CampaignBaseTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_vocabulary_has_at_most_256_different_words_specials_first()
    {
        Assert.InRange(CampaignWords.Vocabulary.Count, 100, 256);
        Assert.Equal(CampaignWords.Vocabulary.Count, CampaignWords.Vocabulary.Distinct().Count());
        Assert.Equal(["<pad>", "<bos>", "<eos>", "<unk>"], CampaignWords.Vocabulary.Take(4));
        Assert.All(CampaignWords.Values, attribute => Assert.Equal(8, attribute.Count));
        Assert.Equal([3, 3, 3, 3, 4], CampaignWords.Values.Select(attribute => attribute.Max(words => words.Count)));
        Assert.Equal([3, 3, 3, 3, 4], CampaignWords.Values.Select(attribute => attribute.Min(words => words.Count)));
        Assert.Equal(12, CampaignWords.Fillers.Count);
    }

    [Fact]
    public void The_tokenizer_knows_every_word_of_data_and_statements()
    {
        ITokenizer tokenizer = Tokenizer();
        CampaignData data = CampaignGenerator.Generate(CampaignPreset.V25, seed: 1, 500, 100, 100);
        CampaignStatements statements = new(seed: 1);
        string[] texts =
        [
            .. data.Train.Rows.Select(row => TextTemplate.Parse(CampaignData.Template).Render(row)),
            .. data.Train.Rows.Select(row => row["label"]),
            .. Enumerable.Range(0, 500).Select(i => $"{statements[i].Text} {statements[i].Answer}"),
        ];

        Assert.Equal(0, UnknownShare.Of(tokenizer, texts).Unknown);
        Assert.All(data.Train.Rows, row => Assert.Single(tokenizer.Encode(row["label"], addSpecial: false)));
        Assert.All(data.Train.Rows, row => Assert.Equal(18, tokenizer.Encode(TextTemplate.Parse(CampaignData.Template).Render(row)).Length));
        Assert.Equal(
            TextTemplate.Parse(CampaignData.Template).Render(data.Train.Rows[0]),
            TextTemplate.Parse(CampaignData.TextTemplate).Render(data.Train.Rows[0]));
    }

    [Fact]
    public void The_tokenizer_reads_as_WordLevel_with_Whitespace()
    {
        ITokenizer tokenizer = Tokenizer();

        Assert.Equal(CampaignWords.Vocabulary.Count, tokenizer.VocabularySize);
        Assert.Equal((0, 1, 2, 3), (tokenizer.PadId, tokenizer.BosId, tokenizer.EosId, tokenizer.UnkId));
        Assert.Equal([1], tokenizer.Prefix);
        Assert.Empty(tokenizer.Suffix);
        Assert.Equal("<bos> brand <unk> <unk> Label :", tokenizer.Decode(tokenizer.Encode(" brand  zebra:!? Label:"), skipSpecial: false));
        Assert.Equal("brand", tokenizer.Decode(tokenizer.Encode("<eos>brand<pad>")));
        Assert.Equal([new Token(2, 0, 5), new Token(tokenizer.IdOf("brand")!.Value, 5, 10)], tokenizer.Tokenize("<eos>brand"));
        Assert.Equal(new UnknownCount(2, 4), tokenizer.CountUnknown("brand video xxx yyy"));
    }

    [Fact]
    public void Writing_it_again_gives_the_same_bytes()
    {
        CampaignTokenizer.Write(_folder.Path);
        byte[] first = File.ReadAllBytes(Path.Combine(_folder.Path, "tokenizer.json"));
        CampaignTokenizer.Write(_folder.Path);

        Assert.Equal(first, File.ReadAllBytes(Path.Combine(_folder.Path, "tokenizer.json")));
    }

    [Fact]
    public void Statements_tell_the_net_of_2_3_or_4_attributes_of_pretraining_campaigns()
    {
        CampaignWorld world = new();
        CampaignStatements statements = new(seed: 3);
        Dictionary<int, int> sizes = [];
        HashSet<string> markers = [];
        for (long i = 0; i < 3000; i++)
        {
            CampaignStatement statement = statements[i];
            string[] words = statement.Text.Split(' ');
            int[] values = new int[5];
            int attributes = 0;
            for (int at = 0; at < words.Length - 1; at += 3)
            {
                int attribute = CampaignWords.Attributes.ToList().IndexOf(words[at]);
                values[attribute] = CampaignReading.Value(attribute, words[at + 2]);
                attributes |= 1 << attribute;
            }

            string marker = words[^1].TrimEnd(':');
            CampaignPreset preset = marker == CampaignWords.DenseMarker ? CampaignPreset.V25 : CampaignPreset.V15;
            Assert.Equal(CampaignWords.NetWord(world.Net(values, preset.Densities, attributes)), statement.Answer);
            Assert.Equal(statement.Attributes, int.PopCount(attributes));
            sizes[statement.Attributes] = sizes.GetValueOrDefault(statement.Attributes) + 1;
            markers.Add(marker);
        }

        Assert.Equal([2, 3, 4], sizes.Keys.Order());
        Assert.All(sizes.Values, count => Assert.InRange(count, 850, 1150));
        Assert.Equal(["Dense", "Sparse"], markers.Order());
    }

    [Fact]
    public void A_statement_depends_on_seed_and_index_only()
    {
        Assert.Equal(new CampaignStatements(3)[77], new CampaignStatements(3)[77]);
        Assert.NotEqual(new CampaignStatements(3)[77], new CampaignStatements(4)[77]);
        Assert.NotEqual(new CampaignStatements(3)[77], new CampaignStatements(3)[78]);
    }

    private ITokenizer Tokenizer()
    {
        CampaignTokenizer.Write(_folder.Path);
        return TokenizerLoader.Load(_folder.Path);
    }
}
