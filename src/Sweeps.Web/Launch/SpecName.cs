using Sweeps.Core.Api;
using Sweeps.Core.Spec;
using Sweeps.Web.Errors;

namespace Sweeps.Web.Launch;

/// <summary>The name that a spec gives its sweep: the sweep's id begins with it.</summary>
internal static class SpecName
{
    /// <exception cref="ApiException">The spec has errors; each is one line of the details.</exception>
    public static string Of(LaunchBody body)
    {
        var result = SpecReader.Read(body.SpecYaml, body.SpecName);
        return result.Spec?.Name
            ?? throw ApiException.BadRequest(
                $"{body.SpecName} has {result.Errors.Count} error{(result.Errors.Count == 1 ? string.Empty : "s")}",
                [.. result.Errors.Select(e => e.ToString())]);
    }
}
