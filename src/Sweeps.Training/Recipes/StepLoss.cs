using Sweeps.Core.Spec;
using Sweeps.Models;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Recipes;

/// <summary>
/// The training loss of a micro-batch: cross-entropy of the label alone, divided by the weight of all rows of the optimiser
/// step, so that the gradients of its micro-batches add up to those of one batch.
/// </summary>
internal sealed class StepLoss : IDisposable
{
    private readonly TrialModel _model;
    private readonly float[]? _classWeights;
    private readonly Tensor? _weights;
    private readonly bool _fullVocabulary;
    private readonly double _smoothing;
    private readonly double _focal;

    /// <param name="model">The model.</param>
    /// <param name="settings">Head and loss.</param>
    /// <param name="classWeights">One weight a class; null when all count the same.</param>
    public StepLoss(TrialModel model, TrialSettings settings, float[]? classWeights)
    {
        _model = model;
        _classWeights = classWeights;
        _weights = classWeights is null ? null : tensor(classWeights).DetachFromDisposeScope();
        _fullVocabulary = settings is { Head: "label-tokens", Loss: "vocabulary" };
        (_smoothing, _focal) = (settings.LabelSmoothing, settings.FocalGamma);
    }

    /// <summary>Weight of some rows: their number, or the sum of their classes' weights.</summary>
    public double Weight(IEnumerable<int> labels) =>
        _classWeights is null ? labels.Count() : labels.Sum(label => (double)_classWeights[label]);

    /// <summary>The loss of a micro-batch; its backward pass is the caller's.</summary>
    /// <param name="batch">The texts.</param>
    /// <param name="labels">Their label indexes.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    /// <param name="divisor">Weight of all rows of the optimiser step.</param>
    public Tensor Of(TokenBatch batch, long[] labels, DropoutContext dropout, double divisor)
    {
        var hidden = _model.Body.Hidden(batch, dropout);
        if (_weights is null && _smoothing == 0 && _focal == 0)
        {
            return _model.Head.Loss(_model.Body, hidden, batch, labels, dropout, divisor);
        }

        var logits = _fullVocabulary
            ? _model.Body.Logits(Transformer.Rows(hidden, batch, batch.LastAttended())).to_type(ScalarType.Float32)
            : _model.Head.Logits(_model.Body, hidden, batch, dropout);
        var targets = tensor(_fullVocabulary ? Array.ConvertAll(labels, label => _model.LabelTokens![(int)label]) : labels);
        var losses = nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.None, label_smoothing: _smoothing);
        if (_focal > 0)
        {
            // Where nothing is left to learn the power's slope may be infinite.
            var missing = (1 - logits.log_softmax(-1).gather(1, targets.unsqueeze(1)).squeeze(1).exp()).clamp(min: 1e-12);
            losses = losses * missing.pow(_focal);
        }

        // The weight of a row is that of its class, whatever token stands for it.
        return (_weights is null ? losses : losses * _weights.index_select(0, tensor(labels))).sum().div_(divisor);
    }

    /// <inheritdoc/>
    public void Dispose() => _weights?.Dispose();
}
