using Sweeps.Trainer.Commands;

return TrainerCommandLine.Run(args);
