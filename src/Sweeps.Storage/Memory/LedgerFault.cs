namespace Sweeps.Storage.Memory;

/// <summary>What <see cref="InMemoryLedger.Fault"/> makes of a commit.</summary>
public enum LedgerFault
{
    /// <summary>Nothing: it is carried out and answered.</summary>
    None,

    /// <summary>It throws and nothing is written.</summary>
    FailBefore,

    /// <summary>It is written (if no version is stale), and throws all the same: the answer is lost.</summary>
    LoseAnswer,

    /// <summary>It throws <see cref="Core.Ledger.LedgerFullException"/> and nothing is written.</summary>
    Full,
}
