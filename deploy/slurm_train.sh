#!/usr/bin/env bash
# Training over several hosts for one Slurm job: sbatch deploy/slurm_train.sh CONFIG.toml [OPTIONS OF train]
# The folder of the run and the photographs lie where every host sees them. Killed workers go on by themselves, and so
# does the job when it is put back into the queue: it keeps its number, which is the name that the checkpoint holds.
#SBATCH --job-name=pinsharp-train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --mem=32G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=TERM@120
set -euo pipefail
if [ $# -lt 1 ]; then
    echo "expected a training file, got nothing: sbatch $0 CONFIG.toml [OPTIONS]" >&2
    exit 2
fi
processes=${PROCESSES:-1} # on each host: as many as it has GPUs, or one for a few cores each
port=$((20000 + SLURM_JOB_ID % 20000)) # so that jobs of several users can share a host
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p) # not head, which would break the pipe
export OMP_NUM_THREADS=$((${SLURM_CPUS_PER_TASK:-16} / processes))
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 # with PyTorch 2.13 a host that comes back finds the others only so
srun --kill-on-bad-exit=1 torchrun --nnodes "$SLURM_JOB_NUM_NODES" --nproc-per-node "$processes" --max-restarts 3 \
    --rdzv-backend c10d --rdzv-endpoint "$first:$port" --rdzv-id "$SLURM_JOB_ID" \
    -m pinsharp train "$@"
