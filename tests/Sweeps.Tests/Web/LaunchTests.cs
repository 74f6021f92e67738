using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using System.Runtime.CompilerServices;
using Sweeps.Core.Api;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;

namespace Sweeps.Tests.Web;

public sealed class LaunchTests
{
    private const string Spec = """
        name: tiny
        base: builtin:tiny-gemma3
        data:
          train: rows.csv
          label: label
        template: "{text}"
        grid:
          epochs: [1, 3]
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_launch_pins_its_inputs_and_is_answered_once()
    {
        await using var api = await ApiHost.StartAsync();
        var body = Body(api.Objects.Put("text,label\na,b\n"));

        using var first = await api.PostAsync("/sweeps", body);
        Assert.True(first.StatusCode == HttpStatusCode.Created, await first.Content.ReadAsStringAsync(Token));
        var reply = await first.Content.ReadFromJsonAsync<LaunchReply>(SweepsJson.Options, Token);
        Assert.Equal(new LaunchReply(SweepIds.From("tiny", "client-1"), true, 2), reply);
        var inputs = Assert.Single(api.Grains.Launches).Inputs;
        Assert.Equal(["train", "base/config.json"], inputs.Select(i => i.Role));

        // The answer was lost: the client asks again, even after its objects are gone.
        api.Objects.Stored.Clear();
        using var second = await api.PostAsync("/sweeps", body);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal(reply! with { Fresh = false }, await second.Content.ReadFromJsonAsync<LaunchReply>(SweepsJson.Options, Token));
        Assert.Single(api.Grains.Launches);
    }

    [Fact]
    public async Task An_arm_of_predictions_comes_with_what_is_known_of_it()
    {
        await using var api = await ApiHost.StartAsync();
        var body = Body(api.Objects.Put("text,label\na,b\n"));
        // As the client sends it: its loss is not known, and what is null is left out of the JSON.
        var theirs = new ExternalResult("theirs", 0.5, 0.75, null, "theirs.csv");
        var json = SweepsJson.Write(body with { Data = body.Data with { External = [theirs, new ExternalResult("empty")] } });
        Assert.DoesNotContain("loss", json, StringComparison.Ordinal);

        using var response = await api.Client.PostAsync(new Uri("/api/v1/sweeps", UriKind.Relative), new StringContent(json), Token);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Token));
        Assert.Equal([theirs, new ExternalResult("empty")], Assert.Single(api.Grains.Launches).Data.External);
    }

    [Theory]
    [InlineData(typeof(LaunchBody))]
    [InlineData(typeof(RetryBody))]
    [InlineData(typeof(WishBody))]
    [InlineData(typeof(ShutdownBody))]
    public void What_may_be_null_in_a_body_may_be_left_out(Type body)
    {
        // Nulls are not written, so a member that may be null and has no default would be refused when it is.
        var nullability = new NullabilityInfoContext();
        var open = new Queue<Type>([body]);
        var seen = new HashSet<Type>();
        while (open.TryDequeue(out var type))
        {
            if (type.Namespace?.StartsWith("Sweeps", StringComparison.Ordinal) == true && !type.IsEnum && seen.Add(type))
            {
                Assert.All(
                    type.GetConstructors().SelectMany(c => c.GetParameters()),
                    p => Assert.True(p.HasDefaultValue || nullability.Create(p).WriteState != NullabilityState.Nullable, $"{type.Name}.{p.Name}"));
                foreach (var property in type.GetProperties())
                {
                    var required = property.IsDefined(typeof(RequiredMemberAttribute), inherit: false);
                    Assert.False(required && nullability.Create(property).WriteState == NullabilityState.Nullable, $"{type.Name}.{property.Name}");
                    open.Enqueue(property.PropertyType);
                }
            }

            foreach (var argument in type.GetGenericArguments())
            {
                open.Enqueue(argument);
            }
        }

        Assert.Contains(body, seen);
        Assert.True(body != typeof(LaunchBody) || seen.IsSupersetOf([typeof(DataFacts), typeof(ExternalResult), typeof(ModelFacts), typeof(LinearFact), typeof(UploadedFile)]));
    }

    [Fact]
    public async Task An_id_that_launched_another_spec_is_refused()
    {
        await using var api = await ApiHost.StartAsync();
        var body = Body(api.Objects.Put("text,label\na,b\n"));
        using var first = await api.PostAsync("/sweeps", body);
        using var other = await api.PostAsync("/sweeps", body with { SpecYaml = Spec.Replace("[1, 3]", "[1]", StringComparison.Ordinal) });
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        var error = (await ErrorAsync(other)).Error;
        Assert.Contains("'client-1' has launched another spec", error, StringComparison.Ordinal);
        Assert.Contains(SweepIds.From("tiny", "client-1"), error, StringComparison.Ordinal);
        Assert.Single(api.Grains.Launches);
    }

    [Fact]
    public async Task Data_that_was_not_uploaded_is_asked_for()
    {
        await using var api = await ApiHost.StartAsync();
        var missing = new string('c', 64);
        using var response = await api.PostAsync("/sweeps", Body(missing));
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal([missing], (await ErrorAsync(response)).Details!);
        Assert.Empty(api.Grains.Launches);
    }

    [Fact]
    public async Task Data_that_the_janitor_took_meanwhile_is_asked_for_again()
    {
        await using var api = await ApiHost.StartAsync();
        var sha256 = api.Objects.Put("text,label\na,b\n");
        api.Objects.LostWhilePinning.Add(sha256);
        using var response = await api.PostAsync("/sweeps", Body(sha256));
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Empty(api.Grains.Launches);
    }

    [Fact]
    public async Task A_spec_with_errors_is_refused_with_their_lines()
    {
        await using var api = await ApiHost.StartAsync();
        var body = Body(api.Objects.Put("x")) with { SpecYaml = Spec.Replace("epochs", "epoch", StringComparison.Ordinal) };
        using var response = await api.PostAsync("/sweeps", body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = await ErrorAsync(response);
        Assert.Contains(error.Details!, d => d.StartsWith("grid.yaml:8:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_grain_refuses_is_told()
    {
        await using var api = await ApiHost.StartAsync();
        api.Grains.LaunchErrors = ["the label 'x' has no row"];
        using var response = await api.PostAsync("/sweeps", Body(api.Objects.Put("x")));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(["the label 'x' has no row"], (await ErrorAsync(response)).Details!);
    }

    [Fact]
    public async Task A_base_that_is_not_there_is_refused()
    {
        await using var api = await ApiHost.StartAsync();
        using var response = await api.PostAsync("/sweeps", Body(api.Objects.Put("x")) with { Base = "/nowhere" });
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("/nowhere", (await ErrorAsync(response)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paths_for_hashes_roles_twice_and_long_ids_are_refused_together()
    {
        await using var api = await ApiHost.StartAsync();
        var body = Body("../../etc/passwd") with { ClientId = new string('x', 200) };
        body = body with { Files = [.. body.Files, body.Files[0], new UploadedFile("secret", "s", new string('a', 64), 1)] };
        using var response = await api.PostAsync("/sweeps", body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var details = (await ErrorAsync(response)).Details!;
        Assert.Contains(details, d => d.Contains("client_id", StringComparison.Ordinal));
        Assert.Contains(details, d => d.Contains("2 times", StringComparison.Ordinal));
        Assert.Contains(details, d => d.Contains("role 'secret'", StringComparison.Ordinal));
        Assert.Contains(details, d => d.Contains("etc/passwd", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Bodies_are_bounded_and_must_be_JSON()
    {
        await using var api = await ApiHost.StartAsync();
        using var broken = await api.Client.PostAsync(new Uri("/api/v1/sweeps", UriKind.Relative), new StringContent("{\"client_id\":"), Token);
        Assert.Equal(HttpStatusCode.BadRequest, broken.StatusCode);
        Assert.DoesNotContain(" at System", (await ErrorAsync(broken)).Error, StringComparison.Ordinal);

        var large = Body(api.Objects.Put("x")) with { SpecName = new string('x', 9 * 1024 * 1024) };
        using var refused = await api.PostAsync("/sweeps", large);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }

    [Fact]
    public async Task An_upload_must_have_its_hash()
    {
        await using var api = await ApiHost.StartAsync();
        var sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("abc"u8));
        var address = new Uri($"/api/v1/objects/{sha256}", UriKind.Relative);
        using var wrong = await api.Client.PutAsync(address, new StringContent("abd"), Token);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await HeadAsync(api, address)).StatusCode);

        using var right = await api.Client.PutAsync(address, new StringContent("abc"), Token);
        Assert.Equal(HttpStatusCode.OK, right.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await HeadAsync(api, address)).StatusCode);

        using var path = await api.Client.PutAsync(new Uri("/api/v1/objects/..%2f..%2ftoken", UriKind.Relative), new StringContent("abc"), Token);
        Assert.Equal(HttpStatusCode.BadRequest, path.StatusCode);
    }

    private static async Task<HttpResponseMessage> HeadAsync(ApiHost api, Uri address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, address);
        return await api.Client.SendAsync(request, Token);
    }

    private static LaunchBody Body(string trainSha256) => new()
    {
        ClientId = "client-1",
        SpecYaml = Spec,
        SpecName = "grid.yaml",
        Base = "builtin:tiny-gemma3",
        Files = [new UploadedFile("train", "rows.csv", trainSha256, 10)],
        Data = new DataFacts { Labels = ["b", "c"], Rows = new Dictionary<string, int> { ["train"] = 10 } },
    };

    private static async Task<ApiError> ErrorAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<ApiError>(SweepsJson.Options, Token))!;
}
