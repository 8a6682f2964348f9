#!/usr/bin/env bash
# A Ray cluster for one Slurm job that restores images: sbatch deploy/slurm_restore.sh INPUT OUT [OPTIONS OF batch]
# INPUT and OUT lie where every node sees them, or in a store. Begun again (--requeue does so) it goes on where it was.
#SBATCH --job-name=pinsharp
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --mem=32G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "expected INPUT and OUT, got $# arguments: sbatch $0 INPUT OUT [OPTIONS]" >&2
    exit 2
fi
input=$1 out=$2
shift 2
export RAY_USAGE_STATS_ENABLED=0 OMP_NUM_THREADS=1
cpus=${SLURM_CPUS_PER_TASK:-16}
port=$((20000 + SLURM_JOB_ID % 20000)) # so that jobs of several users can share a node
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address=$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | awk '{print $1}')

trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
srun --overlap --nodes=1 --ntasks=1 --nodelist="$head" \
    ray start --head --block --node-ip-address="$address" --port="$port" --num-cpus="$cpus" --include-dashboard=false &
for _ in $(seq 60); do
    if ray status --address="$address:$port" >/dev/null 2>&1; then break; fi
    sleep 2
done
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
    srun --overlap --nodes=$((SLURM_JOB_NUM_NODES - 1)) --ntasks=$((SLURM_JOB_NUM_NODES - 1)) --exclude="$head" \
        ray start --block --address="$address:$port" --num-cpus="$cpus" &
fi
pinsharp batch "$input" -o "$out" --ray "$address:$port" "$@"
