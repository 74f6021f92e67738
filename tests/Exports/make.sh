#!/usr/bin/env bash
# Makes the exports of this folder again, by the commands a user has: a tiny base, a sweep each, `sweeps best --export`.
# About three minutes. Usage: tests/Exports/make.sh   (after dotnet build Sweeps.sln -c Release)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
export SWEEPS_HOME="$work/home"
sweeps() { dotnet "$repository/artifacts/bin/Sweeps.Cli/release/sweeps.dll" "$@"; }
trap 'sweeps down >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

cp "$here/full.yaml" "$here/lora.yaml" "$work"
cd "$work"
sweeps model pretrain tiny-gemma3 --out base --hidden 16 --layers 2 --steps 4000
sweeps data generate V25 --out data --train 2400 --validation 400 --test 400
sweeps run full.yaml
sweeps best last --export full
sweeps run lora.yaml
sweeps best last --export lora --with-base
sweeps best last --export merged --merge

for export in full lora merged; do
  rm -rf "${here:?}/$export"
  cp -r "$export" "$here/$export"
done

# What they must give, as a Hugging Face folder gives it, not as the trial does.
SWEEPS_RECORD_EXPORTS=1 dotnet "$repository/artifacts/bin/Sweeps.Torch.Tests/release/Sweeps.Torch.Tests.dll" -noColor -class "*CommittedExportTests"
