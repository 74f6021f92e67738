using Sweeps.Benchmarks.Throughput;

return args switch
{
    ["stand-in", .. var rest] => await StandIn.RunAsync(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: Sweeps.Benchmarks VERB [options]
          stand-in --seconds 0.1 [--steps 1] --home DIR --slot N   a process that speaks the trainer protocol
        """);
    return 2;
}
