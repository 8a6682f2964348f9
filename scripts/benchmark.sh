#!/bin/sh
# All figures of docs/benchmark.md: scripts/benchmark.sh TEST_SETS WEIGHTS OUT
# TEST_SETS holds kodak24, div2k_crops, div2k_full and gopro; WEIGHTS holds NAME/model.safetensors of the nets that
# configs/peers/NAME-budget.toml trains. Stop it at any time; it goes on where it was.
set -eu
sets=$1 weights=$2 out=$3
nets="nafnet srn deepdeblur dwdn udbd udbd-fwd udbd-flat"
rows=blurred,linear-limit,swift,wiener
for net in $nets; do rows=$rows,$net-budget=$weights/$net-budget/model.safetensors; done

for set in kodak24 gopro div2k_crops; do
    pinsharp bench run --data "$sets/$set" --methods "$rows" --true-kernel -o "$out/all"
done
pinsharp bench run --data "$sets/div2k_full" --methods "$rows" --true-kernel --kernels gaussian:1.8:21,gaussian:2.4:21,gaussian:3.2:21 -o "$out/all"
# What a lens and a sensor do, and none of the small nets has seen.
pinsharp bench run --data "$sets/kodak24" --methods "$rows" --kernels disk:2,disk:4,disk:6 --boundary valid --noise 1 -o "$out/all"
# Slow methods, on a part.
pinsharp bench run --data "$sets/kodak24" --limit 6 --methods blurred,swift,wiener,unsupervised-wiener,richardson-lucy,ftvd \
    --true-kernel --kernels gaussian:1.8:21,gaussian:2.4:21,gaussian:3.2:21 -o "$out/slow"
pinsharp bench run --data "$sets/div2k_crops" --limit 4 --methods blurred,swift,ftvd,selfdeblur-small:500 --kernels gaussian:2.4:21 -o "$out/slow"
