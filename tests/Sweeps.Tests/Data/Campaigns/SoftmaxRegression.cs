using Sweeps.Data.Campaigns;
using Sweeps.Data.Readers;

namespace Sweeps.Tests.Data.Campaigns;

/// <summary>A softmax regression on the 40 attribute values: the best that adding up single attributes can do.</summary>
internal static class SoftmaxRegression
{
    private const int Features = 41;

    /// <summary>Macro F1 on the test rows after full-batch gradient descent on the training rows, classes weighted alike.</summary>
    public static double MacroF1(CampaignData data)
    {
        (int[][] features, int[] labels) = Read(data.Train);
        (int[][] testFeatures, int[] testLabels) = Read(data.Test);
        double[,] weights = new double[3, Features];
        double[] classWeights = [.. Enumerable.Range(0, 3).Select(label => labels.Length / (3.0 * labels.Count(other => other == label)))];
        for (int step = 0; step < 300; step++)
        {
            double[,] gradient = new double[3, Features];
            for (int row = 0; row < labels.Length; row++)
            {
                double[] probabilities = Probabilities(weights, features[row]);
                for (int label = 0; label < 3; label++)
                {
                    double error = classWeights[labels[row]] * (probabilities[label] - (labels[row] == label ? 1 : 0)) / labels.Length;
                    foreach (int feature in features[row])
                    {
                        gradient[label, feature] += error;
                    }
                }
            }

            for (int label = 0; label < 3; label++)
            {
                for (int feature = 0; feature < Features; feature++)
                {
                    weights[label, feature] -= 2 * gradient[label, feature];
                }
            }
        }

        int[] predicted = [.. testFeatures.Select(row => Array.IndexOf(Probabilities(weights, row), Probabilities(weights, row).Max()))];
        return Enumerable.Range(0, 3).Average(label => F1(testLabels, predicted, label));
    }

    private static double F1(int[] truth, int[] predicted, int label)
    {
        int hits = truth.Zip(predicted).Count(pair => pair.First == label && pair.Second == label);
        return 2.0 * hits / Math.Max(1, truth.Count(value => value == label) + predicted.Count(value => value == label));
    }

    private static double[] Probabilities(double[,] weights, int[] features)
    {
        double[] scores = [.. Enumerable.Range(0, 3).Select(label => Math.Exp(features.Sum(feature => weights[label, feature])))];
        double sum = scores.Sum();
        return [.. scores.Select(score => score / sum)];
    }

    private static (int[][] Features, int[] Labels) Read(DataTable table) => (
        [.. table.Rows.Select(row => (int[])[.. CampaignReading.Values(row).Select((value, attribute) => (8 * attribute) + value), 40])],
        [.. table.Rows.Select(row => CampaignWords.Labels.ToList().IndexOf(row["label"]))]);
}
