using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Core.Planning;
using Xunit;

namespace Sweeps.Chaos.Tests.Silo;

/// <summary>A sweep for stand-in trainers, which read neither data nor base.</summary>
internal static class TinySweep
{
    /// <summary>Uploads its data and launches it.</summary>
    /// <param name="client">A client of the silo.</param>
    /// <param name="folder">Folder that its base is put in.</param>
    /// <param name="trials">Trials.</param>
    public static async Task<LaunchReply> LaunchAsync(HttpClient client, string folder, int trials)
    {
        var token = TestContext.Current.CancellationToken;
        var rows = Encoding.UTF8.GetBytes("text,label\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"row {i},{(i % 2 == 0 ? "a" : "b")}\n")));
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(rows));
        using var upload = await client.PutAsync(new Uri($"/api/v1/objects/{sha256}", UriKind.Relative), new ByteArrayContent(rows), token);
        Assert.True(upload.IsSuccessStatusCode, await upload.Content.ReadAsStringAsync(token));

        var basis = Directory.CreateDirectory(Path.Combine(folder, "base")).FullName;
        foreach (var file in (string[])["config.json", "tokenizer.json", "model.safetensors"])
        {
            await File.WriteAllTextAsync(Path.Combine(basis, file), "{}", token);
        }

        var body = new LaunchBody
        {
            ClientId = Guid.NewGuid().ToString("N"),
            SpecYaml = $$"""
                name: tiny
                base: ./base
                data: {train: rows.csv, label: label}
                template: "{text}"
                seeds: [{{string.Join(", ", Enumerable.Range(1, trials))}}]
                """,
            Base = basis,
            SpecFolder = folder,
            Files = [new UploadedFile("train", "rows.csv", sha256, rows.Length)],
            Data = new DataFacts
            {
                Labels = ["a", "b"],
                Rows = new Dictionary<string, int> { ["train"] = 90, ["validation"] = 10 },
                ClassCounts = new Dictionary<string, int> { ["a"] = 45, ["b"] = 45 },
                Columns = ["text", "label"],
            },
        };
        using var response = await client.PostAsJsonAsync(new Uri("/api/v1/sweeps", UriKind.Relative), body, SweepsJson.Options, token);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(token));
        return (await response.Content.ReadFromJsonAsync<LaunchReply>(SweepsJson.Options, token))!;
    }
}
