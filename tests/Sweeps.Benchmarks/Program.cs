using Sweeps.Benchmarks.Throughput;

return args switch
{
    ["stand-in", .. var rest] => await StandIn.RunAsync(rest),
    ["throughput", .. var rest] => await ThroughputBenchmark.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: Sweeps.Benchmarks VERB [options]
          throughput [--trials 10000] [--slots 16] [--seconds 0.1] [--limit 0.05] [--silo DLL] [--home DIR]
              short trials on a real silo with stand-ins for trainers, against the minimum of trials x seconds / slots
          stand-in --seconds 0.1 [--steps 1] [--fault none] --home DIR --slot N
              a process that speaks the trainer protocol and trains nothing
        """);
    return 2;
}
