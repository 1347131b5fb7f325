#!/usr/bin/env bash
# Runs the simulation of crashes for so many hours, one by default: scripts/simulate-crashes.sh [HOURS [FIRST_SEED]]
# Each seed is a run of the pipeline with its own devices, changes and crashes. A failure ends this, and says with
# which seed it is seen again. `cargo test` runs a few seeds; see crates/engine/src/simulation/mod.rs.
set -euo pipefail
cd "$(dirname "$0")/.."

hours=${1:-1} first=${2:-$RANDOM$RANDOM}
seeds_at_once=50
end=$(awk -v now="$(date +%s)" -v hours="$hours" 'BEGIN { printf "%d", now + hours * 3600 }')
while [ "$(date +%s)" -lt "$end" ]; do
    last=$((first + seeds_at_once))
    MOCA_SIMULATION_SEEDS=$first..$last cargo test --quiet --locked -p moca-engine --lib \
        simulation::whatever_crashes_leave
    echo "seeds $first to $((last - 1)) hold"
    first=$last
done
