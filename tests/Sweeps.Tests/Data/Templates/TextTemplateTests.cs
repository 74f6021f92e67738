using Sweeps.Data;
using Sweeps.Data.Readers;
using Sweeps.Data.Templates;

namespace Sweeps.Tests.Data.Templates;

public sealed class TextTemplateTests
{
    private static readonly DataTable Table = DataTable.FromRows("data.csv", ["title", "body"], [["T{x}", "B"]]);

    [Theory]
    [InlineData("{title}: {body} Label:", "T{x}: B Label:")]
    [InlineData("{{{title}}} {{}}", "{T{x}} {}")]
    [InlineData("{body}{body}", "BB")]
    [InlineData("{ body }", "B")]
    public void Fields_are_put_in_and_not_read_again(string template, string expected) =>
        Assert.Equal(expected, TextTemplate.Parse(template).Render(Table.Rows[0]));

    [Fact]
    public void Columns_are_named_once_in_order() =>
        Assert.Equal(["b", "a"], TextTemplate.Parse("{b} {a} {b}").Columns);

    [Theory]
    [InlineData("{title", "character 1")]
    [InlineData("x {a{b}}", "character 3")]
    [InlineData("a } {b}", "character 3")]
    [InlineData("{}", "no column name")]
    [InlineData("plain {{text}}", "uses no column")]
    public void Broken_templates_say_where(string template, string what) =>
        Assert.Contains(what, Assert.Throws<DataException>(() => TextTemplate.Parse(template)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_column_that_is_not_there_is_named() =>
        Assert.Contains("Did you mean 'title'?", Assert.Throws<DataException>(() => TextTemplate.Parse("{titel}").CheckColumns(Table)).Message, StringComparison.Ordinal);
}
