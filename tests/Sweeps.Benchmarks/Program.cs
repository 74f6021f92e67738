using Sweeps.Benchmarks.Checkpoints;
using Sweeps.Benchmarks.Methods;
using Sweeps.Benchmarks.Throughput;
using Sweeps.Benchmarks.Tokenizers;
using Sweeps.Benchmarks.Training;
using Sweeps.Benchmarks.Training.Real;

return args switch
{
    ["stand-in", .. var rest] => await StandIn.RunAsync(rest),
    ["throughput", .. var rest] => await ThroughputBenchmark.RunAsync(rest),
    ["step", .. var rest] => StepBenchmark.Run(rest),
    ["gemma", .. var rest] => RealStepBenchmark.Run(rest),
    ["methods", .. var rest] => MethodBenchmark.Run(rest),
    ["checkpoint", .. var rest] => CheckpointBenchmark.Run(rest),
    ["tokenizers", .. var rest] => TokenizerBenchmark.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: Sweeps.Benchmarks VERB [options]
          throughput [--trials 10000] [--slots 16] [--seconds 0.1] [--limit 0.05] [--warm-up 480] [--silo DLL] [--home DIR]
              short trials on a real silo with stand-ins for trainers, against the minimum of trials x seconds / slots
          step [--model both] [--loss both] [--rounds 40] [--steps 2000]
              a training step against its own matrix products, and memory over many steps (step --help)
          gemma [--folder DIR] [--method all] [--rows 16] [--tokens 400] [--shared 300] [--rounds 1]
              a training step on the real weights of Gemma 3 270M against matrix products (gemma --help)
          checkpoint [--size both] [--interval 30] [--intervals 3] [--rounds 2] [--batch 4] [--folder DIR]
              steps a second with checkpoints against without (checkpoint --help)
          methods [--model 270M] [--rows 8] [--length 64] [--rounds 5]
              a training step of each fine-tuning method (methods --help)
          tokenizers [--passes 5] [--only NAME] [--shared DIR]
              characters a second of every kind of tokenizer on the texts of Banking77 (tokenizers --help)
          stand-in --seconds 0.1 [--steps 1] [--fault none] --home DIR --slot N
              a process that speaks the trainer protocol and trains nothing
        """);
    return 2;
}
