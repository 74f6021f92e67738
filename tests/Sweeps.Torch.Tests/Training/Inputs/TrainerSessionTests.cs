using Sweeps.Core.Ids;
using Sweeps.Core.Trainer;
using Sweeps.Data.Caching;
using Sweeps.Training.Inputs;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Inputs;

public sealed class TrainerSessionTests : IDisposable
{
    private readonly TrialWorkplace _place = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sweeps-cache").FullName;
    private readonly SetTime _time = new() { Now = DateTimeOffset.UnixEpoch.AddYears(50) };

    public void Dispose()
    {
        _place.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Trainers_of_a_home_tokenise_a_data_set_once_and_train_the_same()
    {
        var settings = TrialWorkplace.Settings with { Epochs = 1 };
        var without = Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("bert", JobId.Train("s", 1), 1, settings), new RecordingLink()));
        Assert.Equal(without, Run(2, settings));
        var made = Directory.GetFiles(_folder);
        Assert.Equal(2, made.Length);

        _time.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(without, Run(3, settings));
        Assert.Equal(made.Order(), Directory.GetFiles(_folder).Order());
        // A file that is read is touched.
        Assert.All(made, file => Assert.Equal(_time.GetUtcNow().UtcDateTime, File.GetLastWriteTimeUtc(file)));
    }

    [Fact]
    public void Other_settings_of_the_text_are_tokenised_anew_and_a_torn_file_is_replaced()
    {
        var settings = TrialWorkplace.Settings with { Epochs = 1 };
        var expected = Run(1, settings);
        var made = Directory.GetFiles(_folder).ToDictionary(file => file, File.ReadAllBytes);
        Run(2, settings with { MaxLength = 20 });
        Assert.Equal(4, Directory.GetFiles(_folder).Length);

        foreach (var (file, bytes) in made)
        {
            File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
        }

        Assert.Equal(expected, Run(3, settings));
        Assert.All(made, pair => Assert.Equal(pair.Value, File.ReadAllBytes(pair.Key)));
    }

    [Theory]
    [InlineData("generate", 0)]
    [InlineData("label-tokens", 0)]
    [InlineData("generate", 1)]
    public void Prompts_with_and_without_the_chat_layout_share_nothing(string head, int fewShot)
    {
        var plain = TrialWorkplace.Settings with { Epochs = 1, Head = head, FewShot = fewShot, MaxLength = 140 };
        var chat = plain with { Chat = true };
        DoneFrame Cold(int trial, Core.Spec.TrialSettings settings) =>
            Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign(TrialWorkplace.Chat, JobId.Train("s", trial), 1, settings), new RecordingLink()));
        var (one, other) = (Cold(1, plain), Cold(2, chat));
        Assert.NotEqual(one.FinalSha256, other.FinalSha256);

        var warm = new TrainerSession(new TokenCache(_folder, _time));
        foreach (var (trial, settings, expected) in new[] { (3, plain, one), (4, chat, other), (5, plain, one) })
        {
            Assert.Equal(expected, TrialWorkplace.Run(_place.Assign(TrialWorkplace.Chat, JobId.Train("s", trial), 1, settings), new RecordingLink(), warm));
        }

        Assert.Equal(4, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public void Prompts_that_leave_room_for_other_things_share_nothing()
    {
        // What fits 40 positions is shorter with 5 virtual tokens in front.
        var plain = TrialWorkplace.Settings with { Epochs = 1, Method = "head-only", MaxLength = 40 };
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(
            _place.Assign("gemma3", JobId.Train("s", 1), 1, plain), new RecordingLink(), new TrainerSession(new TokenCache(_folder, _time))));
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(
            _place.Assign("gemma3", JobId.Train("s", 2), 1, plain with { Method = "prefix", VirtualTokens = 5 }),
            new RecordingLink(),
            new TrainerSession(new TokenCache(_folder, _time))));
        Assert.Equal(4, Directory.GetFiles(_folder).Length);
    }

    private DoneFrame Run(int trial, Core.Spec.TrialSettings settings) => Assert.IsType<DoneFrame>(TrialWorkplace.Run(
        _place.Assign("bert", JobId.Train("s", trial), 1, settings), new RecordingLink(), new TrainerSession(new TokenCache(_folder, _time))));

    private sealed class SetTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
