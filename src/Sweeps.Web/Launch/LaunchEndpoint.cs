using System.Text;
using Sweeps.Abstractions.Sweep;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.Objects;
using Sweeps.Core.Planning;
using Sweeps.Web.Errors;
using Sweeps.Web.Grains;
using Sweeps.Web.Objects;

namespace Sweeps.Web.Launch;

/// <summary>
/// <c>POST /sweeps</c>: pins the inputs and has the sweep's grain commit it. The same client id gets the same sweep,
/// however often and on whatever connection it asks.
/// </summary>
internal static class LaunchEndpoint
{
    private const int MaxSpecBytes = 1024 * 1024;
    private const int MaxNameLength = 1024;

    private static readonly string[] Roles = ["train", "validation", "test"];

    public static void Map(RouteGroupBuilder api) => api.MapPost("/sweeps", LaunchAsync);

    private static async Task<IResult> LaunchAsync(
        HttpContext context, ILedger ledger, IObjectStore objects, IBaseModelStore bases, ISweepsGrains grains, SweepsHome home)
    {
        var body = await RequestBody.ReadAsync<LaunchBody>(context).ConfigureAwait(false);
        Check(body);
        if (await ledger.FindLaunchAsync(body.ClientId, context.RequestAborted).ConfigureAwait(false) is { } launched)
        {
            CheckSame(body, launched);
            return Reply.Json(new LaunchReply(launched.Id, false, launched.TrialCount));
        }

        var name = SpecName.Of(body);
        TouchAll(body, objects);
        var inputs = body.Files
            .Select(f => new InputRow { Sweep = string.Empty, Role = f.Role, Name = f.Name, Sha256 = f.Sha256, Bytes = f.Bytes })
            .Concat(await PinAsync(bases, body, context.RequestAborted).ConfigureAwait(false))
            .ToList();

        // Hashing a large base takes its time; the janitor may have run meanwhile.
        TouchAll(body, objects);
        var grain = grains.Sweep(SweepIds.From(name, body.ClientId));
        var request = new LaunchRequest(body.ClientId, body.SpecYaml, body.SpecName, body.Base, body.Data, body.Model, inputs);
        var answer = await Repeat.AsLongAsUnknownAsync(() => grain.LaunchAsync(request)).ConfigureAwait(false);
        if (answer.Sweep is null)
        {
            throw ApiException.BadRequest($"{body.SpecName} cannot be launched", answer.Errors);
        }

        try
        {
            UnfinishedSweeps.Add(home, answer.Sweep);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The list is a comfort for commands; the ledger has the sweep.
        }

        return Reply.Json(
            new LaunchReply(answer.Sweep, answer.Fresh, answer.Trials),
            answer.Fresh ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static void Check(LaunchBody body)
    {
        var errors = new List<string>();
        if (body.ClientId.Length is 0 or > 100)
        {
            errors.Add($"client_id has {body.ClientId.Length} characters: 1 to 100 are allowed");
        }

        if (Encoding.UTF8.GetByteCount(body.SpecYaml) > MaxSpecBytes)
        {
            errors.Add($"spec_yaml is longer than {MaxSpecBytes} bytes (1 MB)");
        }

        if (body.Files.All(f => f.Role != "train"))
        {
            errors.Add("files has no 'train'");
        }

        foreach (var twice in body.Files.GroupBy(f => f.Role).Where(g => g.Count() > 1))
        {
            errors.Add($"files has '{twice.Key}' {twice.Count()} times");
        }

        foreach (var file in body.Files)
        {
            if (!Roles.Contains(file.Role))
            {
                errors.Add($"role '{file.Role}': train, validation or test");
            }

            if (!ObjectEndpoints.IsSha256(file.Sha256))
            {
                errors.Add($"sha256 '{file.Sha256}' of {file.Role}: 64 lower-case hex digits are needed");
            }

            if (file.Name.Length > MaxNameLength || file.Bytes < 0)
            {
                errors.Add($"{file.Role}: a name of at most {MaxNameLength} characters and a size of at least 0 are needed");
            }
        }

        if (errors.Count > 0)
        {
            throw ApiException.BadRequest("the launch is not complete", errors);
        }
    }

    /// <summary>A client id is one launch's: another spec under it would never run, and nobody would say so.</summary>
    private static void CheckSame(LaunchBody body, SweepRow launched)
    {
        if (SweepFingerprint.Of(body.SpecYaml, body.Base, body.Files.Select(f => (f.Role, f.Sha256))) != launched.Fingerprint)
        {
            throw ApiException.Conflict(
                $"the id '{body.ClientId}' has launched another spec (or other data) as {launched.Id}: take a new id, or leave it away");
        }
    }

    private static void TouchAll(LaunchBody body, IObjectStore objects)
    {
        var missing = body.Files.Where(f => !objects.Touch(f.Sha256)).ToList();
        if (missing.Count > 0)
        {
            throw ApiException.Conflict(
                "data files are not uploaded: PUT them to /api/v1/objects/SHA256, then launch again",
                [.. missing.Select(f => f.Sha256)]);
        }
    }

    private static async Task<IReadOnlyList<InputRow>> PinAsync(
        IBaseModelStore bases, LaunchBody body, CancellationToken cancellation)
    {
        try
        {
            return await bases.PinAsync(body.Base, body.SpecFolder, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (
            e is InvalidDataException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw ApiException.BadRequest(e.Message);
        }
    }
}
