namespace Sweeps.Training.Pretrain;

/// <summary>How the built-in base is made. The defaults made the committed one.</summary>
public sealed record PretrainOptions
{
    /// <summary>Chooses initial weights and statements. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Width, a multiple of 8: four heads of a quarter each, FFN three times as wide. Default 64.</summary>
    public int Hidden { get; init; } = 64;

    /// <summary>Blocks. Default 4.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Optimiser steps. Default 8,000.</summary>
    public int Steps { get; init; } = 8_000;

    /// <summary>Statements a step. Default 128.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Peak learning rate; cosine to 0. Default 3e-3.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Steps until the peak. Default 100.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>Decoupled weight decay. Default 0.01.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Weight of the language-model loss on the text beside that of the answer. Default 0.2.</summary>
    public double LanguageWeight { get; init; } = 0.2;

    /// <summary>Share of statements about two attributes. Default a third.</summary>
    public double Pairs { get; init; } = 1 / 3.0;

    /// <summary>Share of statements about three attributes; the rest are about four. Default a third.</summary>
    public double Triples { get; init; } = 1 / 3.0;

    /// <summary>Steps between two lines of progress. Default 250.</summary>
    public int ReportSteps { get; init; } = 250;
}

/// <summary>What a pre-training gave.</summary>
/// <param name="Parameters">Parameters of the model.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Elapsed">Wall time.</param>
/// <param name="Accuracy">Share of right answers over fresh statements, by the number of attributes.</param>
public sealed record PretrainResult(
    long Parameters, int Steps, TimeSpan Elapsed, IReadOnlyDictionary<int, double> Accuracy);
