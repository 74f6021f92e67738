using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Sweeps.Models;

/// <summary>
/// Finds LibTorch and loads it before TorchSharp looks for it. Call <see cref="EnsureLoaded"/> once at the start of a
/// program that uses tensors; later calls cost nothing.
/// </summary>
public static class TorchRuntime
{
    /// <summary>Environment variable that names the folder with LibTorch and TorchSharp's patched library.</summary>
    public const string DirectoryVariable = "SWEEPS_LIBTORCH";

    /// <summary>Environment variable that names the folder of a LibTorch already on the machine (backend external).</summary>
    public const string ExternalVariable = "TORCH_LIB_DIR";

    private const string BuildSetting = "Sweeps.LibTorchDirectory";
    private const string TorchSharpLibrary = "libLibTorchSharp.so";

    /// <summary>In the order of their needs; those of CUDA exist in CUDA builds only.</summary>
    private static readonly string[] Libraries =
        ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];

    private static readonly Lock Gate = new();
    private static string? loadedFrom;

    /// <summary>The folder that LibTorch was loaded from, null before <see cref="EnsureLoaded"/>.</summary>
    public static string? LoadedFrom => loadedFrom;

    /// <summary>Loads LibTorch: from SWEEPS_LIBTORCH, else libtorch/ beside the program, else the build's folder.</summary>
    /// <exception cref="TorchRuntimeException">No usable LibTorch; the message says how to mend it.</exception>
    public static void EnsureLoaded()
    {
        if (loadedFrom is not null)
        {
            return;
        }

        lock (Gate)
        {
            if (loadedFrom is not null)
            {
                return;
            }

            var directory = FindDirectory();
            var external = Environment.GetEnvironmentVariable(ExternalVariable);
            var libTorch = File.Exists(Path.Combine(directory, "libtorch_cpu.so")) || string.IsNullOrEmpty(external)
                ? directory
                : external;
            foreach (var library in Libraries)
            {
                var path = Path.Combine(libTorch, library);
                if (File.Exists(path))
                {
                    LoadLibrary(path);
                }
                else if (!library.Contains("cuda", StringComparison.Ordinal))
                {
                    throw new TorchRuntimeException(
                        $"LibTorch is not complete: {library} is missing in {libTorch}. Build again (dotnet build), or, "
                        + $"for a program built with -p:TorchBackend=external, set {ExternalVariable} to the lib folder "
                        + "of a LibTorch 2.10.");
                }
            }

            var handle = LoadLibrary(Path.Combine(directory, TorchSharpLibrary));
            NativeLibrary.SetDllImportResolver(
                typeof(torch).Assembly,
                (name, _, _) => name == "LibTorchSharp" ? handle : IntPtr.Zero);
            InitialiseTorchSharp();
            loadedFrom = libTorch;
        }
    }

    private static string FindDirectory()
    {
        var named = Environment.GetEnvironmentVariable(DirectoryVariable);
        var beside = Path.Combine(AppContext.BaseDirectory, "libtorch");
        var built = AppContext.GetData(BuildSetting) as string;
        string[] candidates = string.IsNullOrEmpty(named) ? [beside, built ?? ""] : [named];
        foreach (var candidate in candidates)
        {
            if (candidate.Length > 0 && File.Exists(Path.Combine(candidate, TorchSharpLibrary)))
            {
                return Path.GetFullPath(candidate);
            }
        }

        var looked = string.Join(", ", candidates.Where(candidate => candidate.Length > 0));
        throw new TorchRuntimeException(
            $"LibTorch was not found: no {TorchSharpLibrary} in {looked}. Build the project once (dotnet build), or set "
            + $"{DirectoryVariable} to a folder that holds it.");
    }

    private static IntPtr LoadLibrary(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw new TorchRuntimeException(
                $"{path} cannot be loaded: {error.Message.Trim()} Sweeps needs Linux x64 with glibc 2.28 or newer; "
                + $"`ldd {path}` names what is missing.",
                error);
        }
    }

    private static void InitialiseTorchSharp()
    {
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
        }
        catch (Exception error) when (error is TypeInitializationException or NotSupportedException)
        {
            var cause = error.InnerException ?? error;
            throw new TorchRuntimeException($"TorchSharp does not start on this LibTorch: {cause.Message}", error);
        }
    }
}
