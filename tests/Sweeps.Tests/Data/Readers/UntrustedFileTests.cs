using System.Text;
using Sweeps.Data;
using Sweeps.Data.Campaigns;
using Sweeps.Data.Readers;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Tests.Data.Readers;

/// <summary>Whatever a file holds, the answer is a table or a <see cref="DataException"/>.</summary>
public sealed class UntrustedFileTests
{
    private static readonly string[] Pieces =
        ["\"", "\"\"", ",", ";", "\t", "\n", "\r", "\r\n", "a", "text", "ü", "😀", "{", "}", "[", "]", ":", "true", "null", "12", "\\", "\\u12", "\uFEFF", "\0", " "];

    [Theory]
    [InlineData("x.csv", "", 30)]
    [InlineData("x.csv", "text,label\n\"a, b\",1\nc,2\n", 3)]
    [InlineData("x.jsonl", "{\"text\": \"a\", \"label\": 1}\n{\"text\": \"b\", \"label\": 2}\n", 3)]
    public void Random_files_are_read_or_refused(string name, string valid, int most)
    {
        Random random = new(1);
        int read = 0, refused = 0;
        for (int round = 0; round < 5000; round++)
        {
            string text = valid;
            for (int i = random.Next(1, most); i > 0; i--)
            {
                text = text.Insert(random.Next(text.Length + 1), Pieces[random.Next(Pieces.Length)]);
            }

            byte[] bytes = (random.Next(4) == 0 ? Encoding.Unicode : Encoding.UTF8).GetBytes(text);
            if (random.Next(4) == 0)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                DataTable table = DataReader.Read(new MemoryStream(bytes), name);
                Assert.All(table.Rows, row => Assert.Equal(table.Columns.Count, table.Columns.Count(column => row[column] is not null)));
                read++;
            }
            catch (DataException e)
            {
                Assert.Equal(name, e.File);
                Assert.InRange(e.Line ?? 1, 1, 40);
                refused++;
            }
        }

        Assert.InRange(read, 10, 5000);
        Assert.InRange(refused, 10, 5000);
    }

    [Fact]
    public void Any_table_written_is_read_back()
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Path, "t.csv");
        Random random = new(2);
        string[] pieces = [.. Pieces.Where(piece => piece is not ("\0" or "\uFEFF"))];
        for (int round = 0; round < 300; round++)
        {
            int width = random.Next(1, 5);
            string[] columns = [.. Enumerable.Range(0, width).Select(i => $"c{i}")];
            string[][] rows = [.. Enumerable.Range(0, random.Next(6)).Select(_ => (string[])[.. columns.Select(_ =>
                string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => pieces[random.Next(pieces.Length)])))])];

            CsvWriter.Write(path, columns, rows);
            DataTable table = DataReader.Read(path);

            Assert.Equal(columns, table.Columns);
            Assert.Equal(rows, table.Rows.Select(row => columns.Select(column => row[column]).ToArray()));
        }
    }

    [Fact]
    public void A_damaged_tokenizer_is_loaded_or_refused()
    {
        using TempFolder folder = new();
        CampaignTokenizer.Write(folder.Path);
        string path = Path.Combine(folder.Path, "tokenizer.json");
        string whole = File.ReadAllText(path);
        Random random = new(3);
        int refused = 0;
        for (int round = 0; round < 400; round++)
        {
            int at = random.Next(whole.Length - 20);
            string damaged = random.Next(3) switch
            {
                0 => whole[..at],
                1 => whole.Remove(at, random.Next(1, 20)),
                _ => whole.Insert(at, Pieces[random.Next(Pieces.Length)]),
            };
            File.WriteAllText(path, damaged);
            try
            {
                TokenizerLoader.Load(folder.Path).Encode("audience mostly students");
            }
            catch (DataException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 100, 400);
    }
}
