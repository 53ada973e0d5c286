#!/usr/bin/env bash
# A Spark cluster on this machine: one master and two workers, each a process of its own, on loopback.
#
#   samples/spark/cluster.sh start          starts it and prints its address, spark://127.0.0.1:PORT
#   samples/spark/cluster.sh run ARG...     runs authopsy_spark.py on it
#   samples/spark/cluster.sh stop           ends the processes that it started
#
# Needs Java 17 or newer. PYTHON (python3) is used where it has pyspark; else a venv is made with it. All
# files are below AUTHOPSY_SPARK (authopsy-spark in the folder for temporary files). A worker has one core
# and gives 1 GiB to jobs; the daemons take 256 MiB each. SPARK_OPTIONS are more options of spark-submit.
# Exit code 3: this machine has not what it needs.
set -euo pipefail
what=${1:-help} dir=${AUTHOPSY_SPARK:-${TMPDIR:-/tmp}/authopsy-spark}

stop() {
    for file in "$dir"/*.pid; do
        [ -e "$file" ] || continue
        kill "$(cat "$file")" 2>/dev/null || true
        rm "$file"
    done
}

lacks() { echo "$1" >&2; exit 3; }

# Returns whether Python has what a job needs.
spark() { "$python" -c 'import pyspark, pyarrow, pandas' 2>/dev/null; }

# Waits for a line in a log, at most two minutes; prints what the pattern leaves of it.
await() {
    for _ in $(seq 600); do
        found=$(sed -n "s|.*$2.*|\\1|p" "$dir/$1.log" 2>/dev/null | head -n 1)
        [ -n "$found" ] && { echo "$found"; return; }
        kill -0 "$(cat "$dir/$1.pid")" 2>/dev/null || break
        sleep 0.2
    done
    echo "the $1 did not start: $dir/$1.log" >&2
    tail -n 5 "$dir/$1.log" >&2
    return 1
}

# Starts a daemon of Spark under a name.
daemon() {
    local name=$1 class=$2
    shift 2
    "$home/bin/spark-class" "org.apache.spark.deploy.$class" -h 127.0.0.1 "$@" </dev/null >"$dir/$name.log" 2>&1 &
    echo $! >"$dir/$name.pid"
}

case $what in
stop) stop ;;
start)
    mkdir -p "$dir"
    stop
    trap '[ $? = 0 ] || stop' EXIT
    java=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p') || true
    [ "${java:-0}" -ge 17 ] || lacks "Spark 4 needs Java 17 or newer"
    python=${PYTHON:-python3}
    if ! spark; then
        [ -x "$dir/venv/bin/python" ] || "$python" -m venv "$dir/venv" >&2 || lacks "$python makes no venv"
        python=$dir/venv/bin/python
        spark || "$python" -m pip install --quiet --disable-pip-version-check pyspark pyarrow pandas >&2 ||
            lacks "pip cannot install pyspark, pyarrow and pandas"
    fi
    home=$("$python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
    export SPARK_HOME=$home SPARK_LOCAL_IP=127.0.0.1 SPARK_DAEMON_MEMORY=256m
    daemon master master.Master --port 0 --webui-port 0
    address=$(await master 'Starting Spark master at \(spark://[0-9.:]*\)')
    for worker in worker1 worker2; do
        daemon "$worker" worker.Worker --webui-port 0 -c 1 -m 1g -d "$dir/$worker" "$address"
    done
    for worker in worker1 worker2; do
        await "$worker" '\(Successfully registered with master\)' >/dev/null
    done
    echo "$python" >"$dir/python"
    echo "$address" | tee "$dir/address"
    ;;
run)
    shift
    python=$(cat "$dir/python")
    # Workers run the Python that the job runs on: theirs must be the same.
    export PYSPARK_PYTHON=$python SPARK_LOCAL_IP=127.0.0.1
    export PYSPARK_SUBMIT_ARGS="--driver-memory 512m --executor-memory 700m ${SPARK_OPTIONS-} pyspark-shell"
    exec "$python" "$(dirname "$0")/authopsy_spark.py" --master "$(cat "$dir/address")" "$@"
    ;;
*)
    sed -n '2,/^[^#]/ s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
