#!/usr/bin/env bash
# Runs the samples on a cluster of one master and two workers, and holds the report against a single run's.
#
#   samples/spark/check.sh PROGRAM      PROGRAM is a built authopsy
#
# Takes a minute or two. Exit code 3: there is no Java, or pip cannot install Spark.
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
export AUTHOPSY_SPARK=${AUTHOPSY_SPARK:-$work/spark}
trap './cluster.sh stop; rm -rf "$work"' EXIT
./cluster.sh start >"$work/address"
echo "master and two workers: $(cat "$work/address")"

# Runs the job, quietly unless it fails.
job() {
    ./cluster.sh run --authopsy "$program" "$@" 2>"$work/said" || { tail -n 30 "$work/said" >&2; return 1; }
}

same() {
    cmp "$1" "$2" || { diff "$1" "$2" | head -n 20; echo "the cluster's report (<) is not that of one run (>): $3" >&2; return 1; }
    echo "the same bytes as one run: $3"
}

# A log in lines, cut by Spark as it likes. A piece knows no line numbers, so the single run is told none.
cat ../lab/*.pino.jsonl >"$work/gateway.log"
job --tasks 5 -o "$work/lines.partial" "$work/gateway.log" -- --tz +02:00
"$program" merge "$work/lines.partial" -f json >"$work/cluster.json"
"$program" - --source "$work/gateway.log" --tz +02:00 -f json <"$work/gateway.log" >"$work/one.json"
same "$work/cluster.json" "$work/one.json" "lines"

# The same log, which the nodes read themselves, cut at any byte.
job --direct --piece 1 -o "$work/direct.partial" "$work/gateway.log" -- --tz +02:00
"$program" merge "$work/direct.partial" -f json >"$work/cluster.json"
same "$work/cluster.json" "$work/one.json" "lines, read directly"

# Captures, whole. In the job they are named by their URLs.
mkdir "$work/captures"
cp ../quickstart.har ../lab/pyjwt.mitm.har ../lab/browser.devtools-full.har.gz "$work/captures"
job --whole --tasks 2 -o "$work/whole.partial" "$work/captures"
"$program" merge "$work/whole.partial" -f json >"$work/cluster.json"
for capture in "$work"/captures/*; do
    printf '%s file:%s\n' "$(stat -c %s "$capture")" "$capture"
    cat "$capture"
done | "$program" --framed -f json >"$work/one.json"
same "$work/cluster.json" "$work/one.json" "captures"
