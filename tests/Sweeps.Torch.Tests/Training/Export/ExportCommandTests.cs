using System.Diagnostics;
using System.Text.Json;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Export;

/// <summary><c>Sweeps.Trainer export</c> as <c>sweeps best --export</c> runs it: a process, its files, its words and exit code.</summary>
public sealed class ExportCommandTests : IDisposable
{
    private const int BadInput = 2;

    private readonly TrialWorkplace _place = new(40, 12, 12);

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("linear")]
    [InlineData("trimmed")]
    [InlineData("label-tokens")]
    [InlineData("generate")]
    public void Each_head_is_exported_as_an_adapter_and_merged(string head)
    {
        var arguments = Train(TrialWorkplace.Lora with { Head = head, Epochs = 1 });

        var (code, written, error) = Run([.. arguments, "--out", _place["adapter"], "--with-base"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            ["README.md", "adapter_config.json", "adapter_model.safetensors", "base", "special_tokens_map.json", "sweeps.json", "tokenizer.json", "tokenizer_config.json"],
            Directory.EnumerateFileSystemEntries(_place["adapter"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains(Path.Combine(_place["adapter"], "base", "model.safetensors"), written, StringComparison.Ordinal);

        (code, _, error) = Run([.. arguments, "--out", _place["merged"], "--merge"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            ["README.md", "config.json", "model.safetensors", "special_tokens_map.json", "sweeps.json", "tokenizer.json", "tokenizer_config.json"],
            Directory.EnumerateFileSystemEntries(_place["merged"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var settings = JsonDocument.Parse(File.ReadAllText(Path.Combine(_place["merged"], "sweeps.json")));
        Assert.Equal(head, settings.RootElement.GetProperty("head").GetString());
    }

    [Fact]
    public void What_cannot_be_done_is_said_in_a_sentence()
    {
        var arguments = Train(TrialWorkplace.Settings with { Method = "prompt", VirtualTokens = 4, Epochs = 1 });

        var (code, _, error) = Run([.. arguments, "--out", _place["merged"], "--merge"]);
        Assert.Equal(BadInput, code);
        Assert.Equal("virtual tokens (method prompt) cannot be folded into weights: export without --merge", error);
        Assert.False(Directory.Exists(_place["merged"]));

        Directory.CreateDirectory(_place["full"]);
        File.WriteAllText(Path.Combine(_place["full"], "mine.txt"), "mine");
        (code, _, error) = Run([.. arguments, "--out", _place["full"]]);
        Assert.Equal((BadInput, $"{_place["full"]} is not empty: name a new folder"), (code, error));

        File.WriteAllText(_place["origin"], "no origin");
        (code, _, error) = Run([.. arguments, "--out", _place["other"], "--origin", _place["origin"]]);
        Assert.Equal(BadInput, code);
        Assert.StartsWith($"{_place["origin"]} does not hold a model's origin", error, StringComparison.Ordinal);
    }

    private string[] Train(TrialSettings settings)
    {
        var link = new RecordingLink();
        TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 1, settings), link);
        File.WriteAllText(_place["settings"], SweepsJson.Write(settings));
        return ["export", "--checkpoint", link.Offers[^1].Checkpoint!.Directory, "--base", _place["gemma3"], "--settings", _place["settings"]];
    }

    private static (int Code, string Output, string Error) Run(IEnumerable<string> arguments)
    {
        var build = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var program = Path.Combine(build.Parent!.Parent!.FullName, "Sweeps.Trainer", build.Name, "Sweeps.Trainer.dll");
        Assert.SkipUnless(File.Exists(program), $"needs {program}: dotnet build Sweeps.sln");
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult().Trim());
    }
}
