namespace Sweeps.Tests.Simulation;

/// <summary>What a seed makes happen. Probabilities are per occasion.</summary>
internal sealed record SimOptions
{
    public int Trials { get; init; } = 3;

    public int Preflights { get; init; } = 1;

    public bool HasTest { get; init; } = true;

    public int Concurrency { get; init; }

    public int Retries { get; init; } = 3;

    public double MaxTime { get; init; }

    public int Silos { get; init; } = 2;

    public int Slots { get; init; } = 2;

    public int Steps { get; init; } = 8;

    public int CheckpointEvery { get; init; } = 2;

    public int EvaluateEvery { get; init; } = 4;

    public double LoseRequest { get; init; }

    public double LoseAnswer { get; init; }

    public double Duplicate { get; init; }

    public double LedgerFails { get; init; }

    public double LedgerLosesAnswer { get; init; }

    /// <summary>How often the ledger takes up to 2 s instead of 20 ms: what opens the windows of races.</summary>
    public double LedgerStalls { get; init; }

    public double ActivationCrash { get; init; }

    public double SecondActivation { get; init; }

    /// <summary>Mean seconds between deaths of a silo; 0: none dies.</summary>
    public double SiloDeathEvery { get; init; }

    /// <summary>Mean seconds between freezes of a worker; 0: none freezes.</summary>
    public double FreezeEvery { get; init; }

    public double TrainerCrash { get; init; }

    public double CorruptCheckpoint { get; init; }

    /// <summary>Whether a person meddles: pause, resume, cancel, retry.</summary>
    public bool Person { get; init; }

    /// <summary>Whether that person also cancels the sweep.</summary>
    public bool Cancels { get; init; }

    /// <summary>Number of a trial that fails each time; 0: none.</summary>
    public int BadTrial { get; init; }

    /// <summary>Number of a trial that takes its silo down; 0: none.</summary>
    public int PoisonTrial { get; init; }

    /// <summary>Virtual seconds until everything that disturbs ends.</summary>
    public double Calm { get; init; } = 90;

    /// <summary>The seed's own mix.</summary>
    public static SimOptions Of(int seed)
    {
        var random = new Random(seed * 7919);
        double Sometimes(double most) => random.Next(3) == 0 ? 0 : random.NextDouble() * most;
        bool OneIn(int n) => random.Next(n) == 0;
        var trials = 1 + random.Next(4);
        return new SimOptions
        {
            Trials = trials,
            Preflights = random.Next(2),
            HasTest = !OneIn(4),
            Concurrency = random.Next(3),
            Retries = random.Next(4),
            MaxTime = OneIn(6) ? 10 + random.Next(40) : 0,
            Silos = 1 + random.Next(3),
            Slots = 1 + random.Next(3),
            Steps = 4 + random.Next(8),
            CheckpointEvery = 1 + random.Next(4),
            EvaluateEvery = 1 + random.Next(4),
            LoseRequest = Sometimes(0.15),
            LoseAnswer = Sometimes(0.15),
            Duplicate = Sometimes(0.2),
            LedgerFails = Sometimes(0.1),
            LedgerLosesAnswer = Sometimes(0.1),
            LedgerStalls = Sometimes(0.3),
            ActivationCrash = Sometimes(0.05),
            SecondActivation = Sometimes(0.1),
            SiloDeathEvery = OneIn(2) ? 10 + random.Next(30) : 0,
            FreezeEvery = OneIn(2) ? 10 + random.Next(30) : 0,
            TrainerCrash = Sometimes(0.05),
            CorruptCheckpoint = Sometimes(0.2),
            Person = OneIn(2),
            Cancels = OneIn(4),
            BadTrial = OneIn(5) ? 1 + random.Next(trials) : 0,
            PoisonTrial = OneIn(8) ? 1 + random.Next(trials) : 0,
        };
    }
}
