# A Slurm of one node on this host, in a temporary folder: sourced by run.sh. Nothing in /etc is read or written.
#
# start_cluster FOLDER   munged, slurmctld and slurmd; exports SLURM_CONF
# start_node, kill_node  slurmd alone; kill_node takes its jobs with it, as a node that dies does
# stop_cluster           ends what start_cluster started

start_cluster() {
    cluster=$1
    local host cpus
    host=$(hostname -s)
    cpus=2
    mkdir -p "$cluster"/{munge,state,spool,log}
    chmod 755 "$cluster"
    chmod 700 "$cluster/munge"
    head -c 128 /dev/urandom >"$cluster/munge/key"
    chmod 400 "$cluster/munge/key"
    # Others must be able to reach munged's socket, and munged insists on the folder's mode.
    mkdir -p "$cluster/socket"
    chmod 755 "$cluster/socket"
    munged --foreground --force --num-threads=2 --key-file="$cluster/munge/key" --socket="$cluster/socket/munge" \
        --pid-file="$cluster/munge/pid" --log-file="$cluster/log/munged" --seed-file="$cluster/munge/seed" \
        >"$cluster/log/munged.out" 2>&1 &
    munged_pid=$!
    cat >"$cluster/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# How long a requeued job waits follows from cred_expire.
AuthInfo=socket=$cluster/socket/munge,cred_expire=5
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.pid
SlurmctldLogFile=$cluster/log/slurmctld
SlurmdLogFile=$cluster/log/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,sched_min_interval=0,bf_interval=2,batch_sched_delay=0,defer
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=30
InactiveLimit=0
KillWait=5
MinJobAge=600
MaxArraySize=1001
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=01:00:00 State=UP OverSubscribe=NO
CONF
    export SLURM_CONF="$cluster/slurm.conf"
    for _ in $(seq 50); do [ -S "$cluster/socket/munge" ] && break || sleep 0.1; done
    slurmctld -D -c >"$cluster/log/slurmctld.out" 2>&1 &
    slurmctld_pid=$!
    start_node
    for _ in $(seq 150); do
        [ "$(sinfo --noheader --format=%T 2>/dev/null | head -1)" = idle ] && return
        sleep 0.2
    done
    echo "Slurm did not come up; the last lines of its logs:" >&2
    tail -n 20 "$cluster"/log/* >&2
    return 1
}

start_node() {
    slurmd -D >>"$cluster/log/slurmd.out" 2>&1 &
    slurmd_pid=$!
}

# Every process below one, itself last.
tree() {
    local child
    for child in $(ps --no-headers -o pid --ppid "$1"); do tree "$child"; done
    echo "$1"
}

# slurmstepd leaves slurmd's process tree; it is found by the folder of its node.
kill_node() {
    kill -9 "$slurmd_pid"
    wait "$slurmd_pid" 2>/dev/null
    local step
    for step in $(pgrep -x slurmstepd); do
        grep -qzF "SLURM_CONF=$SLURM_CONF" "/proc/$step/environ" 2>/dev/null || continue
        kill -9 $(tree "$step") 2>/dev/null
    done
    return 0
}

stop_cluster() {
    [ -n "${cluster:-}" ] || return 0
    scancel --user="$(id -un)" 2>/dev/null
    kill_node 2>/dev/null
    kill "$slurmctld_pid" "$munged_pid" 2>/dev/null
    wait "$slurmctld_pid" "$munged_pid" 2>/dev/null
    return 0
}
