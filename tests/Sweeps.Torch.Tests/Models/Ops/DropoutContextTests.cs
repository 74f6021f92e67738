using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Ops;

public sealed class DropoutContextTests
{
    [Fact]
    public void A_mask_depends_on_seed_step_micro_step_and_site_only()
    {
        var reference = Mask(7, 3, 0, "a");

        Assert.Equal(reference, Mask(7, 3, 0, "a"));
        Assert.NotEqual(reference, Mask(8, 3, 0, "a"));
        Assert.NotEqual(reference, Mask(7, 4, 0, "a"));
        Assert.NotEqual(reference, Mask(7, 3, 1, "a"));
        Assert.NotEqual(reference, Mask(7, 3, 0, "b"));
        rand(1000).Dispose();
        Assert.Equal(reference, Mask(7, 3, 0, "a"));
    }

    [Fact]
    public void Drops_with_the_given_probability_and_keeps_the_mean()
    {
        var values = Mask(1, 1, 0, "a", 0.25);

        Assert.InRange(values.Count(value => value == 0) / (double)values.Length, 0.23, 0.27);
        Assert.All(values.Where(value => value != 0), value => Assert.Equal(1 / 0.75f, value, 1e-6f));
    }

    [Fact]
    public void Without_dropout_the_input_itself_comes_back()
    {
        using var input = ones(3);
        using var active = new DropoutContext(1, 1, 0);

        Assert.Same(input, DropoutContext.None.Apply(input, 0.5, 1));
        Assert.Same(input, active.Apply(input, 0, 1));
    }

    private static float[] Mask(ulong seed, long step, int microStep, string site, double probability = 0.5)
    {
        using var scope = NewDisposeScope();
        using var context = new DropoutContext(seed, step, microStep);
        return context.Apply(ones(10_000), probability, DropoutContext.Site(site)).data<float>().ToArray();
    }
}
