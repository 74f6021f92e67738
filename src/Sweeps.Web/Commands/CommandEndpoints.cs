using Sweeps.Abstractions.Trials;
using Sweeps.Core.Api;
using Sweeps.Core.Ids;
using Sweeps.Core.States;
using Sweeps.Web.Errors;
using Sweeps.Web.Grains;
using Sweeps.Web.Views;

namespace Sweeps.Web.Commands;

/// <summary>What people want of sweeps and trials. Every command is idempotent: after a lost answer it is sent again.</summary>
internal static class CommandEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/sweeps/{sweep}/wish", WishSweepAsync);
        api.MapPost("/sweeps/{sweep}/trials/{number:int}/wish", WishTrialAsync);
        api.MapPost("/sweeps/{sweep}/retry", RetryAsync);
        api.MapDelete("/sweeps/{sweep}", RemoveAsync);
    }

    private static async Task<IResult> WishSweepAsync(string sweep, HttpContext context, SweepReader reader, ISweepsGrains grains)
    {
        var wanted = await ReadWishAsync(context).ConfigureAwait(false);
        var row = await reader.ResolveAsync(sweep, context.RequestAborted).ConfigureAwait(false);
        return Answer(await Repeat.AsLongAsUnknownAsync(() => grains.Sweep(row.Id).WishAsync(wanted)).ConfigureAwait(false));
    }

    private static async Task<IResult> WishTrialAsync(
        string sweep, int number, HttpContext context, SweepReader reader, ISweepsGrains grains)
    {
        var wanted = await ReadWishAsync(context).ConfigureAwait(false);
        var row = await reader.ResolveAsync(sweep, context.RequestAborted).ConfigureAwait(false);
        CheckTrial(row.Id, number, row.TrialCount);
        var trial = grains.Trial(JobId.Train(row.Id, number));
        return Answer(await Repeat.AsLongAsUnknownAsync(() => trial.WishAsync(wanted)).ConfigureAwait(false));
    }

    private static async Task<IResult> RetryAsync(string sweep, HttpContext context, SweepReader reader, ISweepsGrains grains)
    {
        var body = await RequestBody.ReadAsync<RetryBody>(context).ConfigureAwait(false);
        var row = await reader.ResolveAsync(sweep, context.RequestAborted).ConfigureAwait(false);
        foreach (var number in body.Trials ?? [])
        {
            CheckTrial(row.Id, number, row.TrialCount);
        }

        var trials = body.Trials?.ToArray();
        return Answer(await Repeat.AsLongAsUnknownAsync(() => grains.Sweep(row.Id).RetryAsync(trials)).ConfigureAwait(false));
    }

    private static async Task<IResult> RemoveAsync(
        string sweep, SweepReader reader, ISweepsGrains grains, CancellationToken cancellation)
    {
        var row = await reader.ResolveAsync(sweep, cancellation).ConfigureAwait(false);
        return Answer(await Repeat.AsLongAsUnknownAsync(grains.Sweep(row.Id).RemoveAsync).ConfigureAwait(false));
    }

    private static async Task<Wanted> ReadWishAsync(HttpContext context)
    {
        var body = await RequestBody.ReadAsync<WishBody>(context).ConfigureAwait(false);
        return body.Wanted is Wanted.Run or Wanted.Pause or Wanted.Cancel
            ? body.Wanted
            : throw ApiException.BadRequest($"'{body.Wanted}' cannot be asked for: run, pause or cancel");
    }

    private static void CheckTrial(string sweep, int number, int count)
    {
        if (number < 1 || number > count)
        {
            throw ApiException.NotFound($"sweep {sweep} has no trial {number}: its trials are 1 to {count}");
        }
    }

    private static IResult Answer(WishAnswer answer) => answer.Done
        ? Reply.Json(new WishReply(true, answer.Message))
        : throw ApiException.Conflict(answer.Message);
}
