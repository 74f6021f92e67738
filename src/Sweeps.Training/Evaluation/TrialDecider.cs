using Sweeps.Core.Spec;
using Sweeps.Models.Heads;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;

namespace Sweeps.Training.Evaluation;

/// <summary>Makes what a trial is scored with.</summary>
internal static class TrialDecider
{
    /// <summary>How the trial's head decides.</summary>
    public static IDecider Of(TrialModel model, TextEncoding encoding) => model.Head switch
    {
        GenerateHead generate => new GenerateDecider(model.Body, generate, encoding),
        MultiLabelHead several => new MultiLabelDecider(model, several, encoding.PadId),
        _ => new ClassifierDecider(model, encoding),
    };

    /// <summary>What scores its splits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">The trial's settings.</param>
    /// <param name="encoding">Labels and padding.</param>
    /// <param name="facts">What variants know besides scores.</param>
    public static Evaluator Evaluator(TrialModel model, TrialSettings settings, TextEncoding encoding, VariantFacts facts) =>
        new(Of(model, encoding), settings, encoding.Labels.Names, facts);
}
