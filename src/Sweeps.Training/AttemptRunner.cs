using System.Runtime.InteropServices;
using Sweeps.Core.Ids;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Data;
using Sweeps.Models;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Evaluation;
using Sweeps.Training.Inputs;
using Sweeps.Training.Preflight;
using Sweeps.Training.Recipes;

namespace Sweeps.Training;

/// <summary>Runs one attempt at a job of any kind to the frame that ends it. What fails becomes a class and words for people.</summary>
public static class AttemptRunner
{
    /// <summary>Runs the attempt on the calling thread.</summary>
    /// <returns><see cref="DoneFrame"/>, <see cref="ReleasedFrame"/> or <see cref="FailedFrame"/>.</returns>
    public static Frame Run(JobAssignment assignment, TrainerSession session, IAttemptLink link, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(assignment);
        try
        {
            return assignment.Job.Kind switch
            {
                JobKind.Train => new TrainRecipe(assignment, session, link, time).Run(),
                JobKind.Evaluate => new EvaluateRecipe(assignment, session, link).Run(),
                JobKind.Preflight => new PreflightRecipe(assignment, session, link).Run(),
                _ => throw new TrainingException(FailureClass.BadSpec, $"a job of kind {assignment.Job.Kind} is not known here"),
            };
        }
        catch (TrainingException error)
        {
            return new FailedFrame(error.Failure, error.Message);
        }
        catch (DataException error)
        {
            return new FailedFrame(FailureClass.BadData, error.Message);
        }
        catch (Exception error) when (error is ModelLoadException or SafetensorsException)
        {
            return new FailedFrame(FailureClass.BadSpec, error.Message);
        }
        catch (TorchRuntimeException error)
        {
            return new FailedFrame(FailureClass.Crash, error.Message);
        }
        catch (Exception error) when (error is OutOfMemoryException || IsOutOfMemory(error))
        {
            return new FailedFrame(
                FailureClass.OutOfMemory,
                "memory ran out: lower batch_size (and raise accumulation), max_length or the number of slots. " + FirstLine(error.Message));
        }
        catch (Exception error) when (error is ExternalException or IOException or UnauthorizedAccessException or InvalidOperationException or ArgumentException)
        {
            return new FailedFrame(FailureClass.Crash, $"{error.GetType().Name}: {FirstLine(error.Message)}");
        }
        finally
        {
            CollectorGate.Open();
        }
    }

    /// <summary>LibTorch's words for a failed allocation, on the CPU and under CUDA.</summary>
    private static bool IsOutOfMemory(Exception error) =>
        error is ExternalException
        && (error.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)
            || error.Message.Contains("not enough memory", StringComparison.OrdinalIgnoreCase)
            || error.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || error.Message.Contains("bad_alloc", StringComparison.Ordinal));

    private static string FirstLine(string text) => text.Split('\n', 2)[0];
}
