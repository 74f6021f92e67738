using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Training.Checkpoints;

namespace Sweeps.Training.Inputs;

/// <summary>
/// The pinned inputs of an assignment, each checked against its hash before its first use. A warm trainer remembers what
/// it has checked for as long as size and time of the file stay the same.
/// </summary>
internal sealed class InputFiles
{
    private const string BasePrefix = "base/";

    private readonly Dictionary<(string Path, string Sha256), (long Bytes, DateTime Written)> _verified = [];

    /// <summary>The path of an input, verified; null when the assignment has none of that role.</summary>
    /// <exception cref="TrainingException">It is missing or differs from what was pinned.</exception>
    public string? Find(JobAssignment assignment, string role, Action beat)
    {
        var input = assignment.Inputs.FirstOrDefault(candidate => candidate.Role == role);
        if (input is not null)
        {
            Verify(input, beat);
        }

        return input?.Path;
    }

    /// <summary>As <see cref="Find"/>, for an input that the job cannot do without.</summary>
    /// <exception cref="TrainingException">It is missing or differs from what was pinned.</exception>
    public string Require(JobAssignment assignment, string role, Action beat) =>
        Find(assignment, role, beat)
        ?? throw new TrainingException(FailureClass.BadData, $"the job has no input '{role}'");

    /// <summary>The base model's folder, every file of it verified.</summary>
    /// <exception cref="TrainingException">A file is missing, differs, or lies elsewhere than the others.</exception>
    public string BaseFolder(JobAssignment assignment, Action beat)
    {
        string? folder = null;
        foreach (var input in assignment.Inputs.Where(input => input.Role.StartsWith(BasePrefix, StringComparison.Ordinal)))
        {
            Verify(input, beat);
            var own = input.Path[..^(input.Role.Length - BasePrefix.Length)].TrimEnd('/');
            if (!input.Path.EndsWith("/" + input.Role[BasePrefix.Length..], StringComparison.Ordinal) || (folder ?? own) != own)
            {
                throw new TrainingException(
                    FailureClass.BadSpec, $"the base model's files do not lie in one folder: {input.Path} is not in {folder ?? own}");
            }

            folder = own;
        }

        return folder ?? throw new TrainingException(FailureClass.BadSpec, "the job names no file of a base model");
    }

    /// <summary>One text for all inputs of some roles: what is made from them can be kept under it.</summary>
    public static string Key(JobAssignment assignment, Func<string, bool> roles) => string.Join(
        ' ',
        assignment.Inputs.Where(input => roles(input.Role)).OrderBy(input => input.Role, StringComparer.Ordinal)
            .Select(input => $"{input.Role}={input.Sha256}"));

    /// <summary>Whether a role is a file of the base model that the tokeniser is made from.</summary>
    public static bool IsTokenizer(string role) =>
        role.StartsWith(BasePrefix, StringComparison.Ordinal) && !role.EndsWith(".safetensors", StringComparison.Ordinal);

    private void Verify(AssignedInput input, Action beat)
    {
        var file = new FileInfo(input.Path);
        if (!file.Exists)
        {
            throw new TrainingException(FailureClass.BadData, $"the pinned input '{input.Role}' is gone: {input.Path}");
        }

        var now = (file.Length, file.LastWriteTimeUtc);
        if (_verified.TryGetValue((input.Path, input.Sha256), out var before) && before == now)
        {
            return;
        }

        using var stream = file.OpenRead();
        if (FileHash.Of(stream, beat) != input.Sha256)
        {
            throw new TrainingException(
                FailureClass.BadData,
                $"the input '{input.Role}' ({input.Path}) has changed since the sweep was launched. Put the former file back, or launch a new sweep");
        }

        _verified[(input.Path, input.Sha256)] = now;
    }
}
