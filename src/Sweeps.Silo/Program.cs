using Sweeps.Silo.Hosting;

return await SiloProcess.RunAsync(args, TimeProvider.System);
