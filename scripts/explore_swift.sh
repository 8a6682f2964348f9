#!/usr/bin/env bash
# Compare sizes of swift's trunk at equal steps: scripts/explore_swift.sh CORPUS STEPS OUT
# Each variant is trained on the deconv stage alone (true kernels), then its validation PSNR and its speed on a
# 1-megapixel colour image are printed.
set -euo pipefail
corpus=$1 steps=$2 out=$3
stage="[{kind='deconv', steps=$steps, batch=8, crop=192, lr=1e-3, warmup=30, loss='psnr', width_jitter=0.01, noise_jitter=0.1, frozen=['restorer.bank']}]"
variant() { # NAME SETTING...
    local name=$1 sets=()
    shift
    for setting in "$@"; do sets+=(--set "config.$setting"); done
    [ -f "$out/$name/model.safetensors" ] || pinsharp train configs/swift-restorer.toml --set "root=$corpus" --set "stage=$stage" \
        --set "run.folder=$out/$name" --set "run.validate_every=$steps" --set "run.ema=0.99" "${sets[@]}" >/dev/null
    python scripts/model_speed.py "$name" "$out/$name"
}
echo "| trunk | M parameters | validation PSNR, dB | MP/s bf16 | MP/s fp32 | threads |"
echo "|---|---|---|---|---|---|"
variant w32-d64 width=32 deep_width=64
variant w48-d96 width=48 deep_width=96
variant w64-d96 width=64 deep_width=96
variant w64-d96-shallow width=64 deep_width=96 blocks=1 deep_blocks=2
variant w64-d96-deep width=64 deep_width=96 blocks=2 deep_blocks=8
