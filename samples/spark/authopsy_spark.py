"""Runs authopsy on a Spark cluster: each task makes a partial result, a tree of tasks merges them into one.

    python authopsy_spark.py --authopsy ./authopsy s3a://logs/gateway/ -o all.partial
    authopsy merge all.partial -o report.html

Only mapInArrow is used: it is there on classic clusters and on Spark Connect. The master is what
spark-submit, SPARK_REMOTE or --master says. What follows `--` goes to authopsy: --tz, --jwks, --map.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import threading
import zlib

import pyarrow
import pyarrow.compute
from pyspark import SparkFiles
from pyspark.sql import SparkSession


def pipe(program, arguments, chunks):
    """Runs authopsy on the chunks and returns the line that it prints: a partial result."""
    path = program if os.path.isabs(program) else SparkFiles.get(program)
    if not os.access(path, os.X_OK):
        os.chmod(path, 0o755)  # what travels with a job arrives without its mode
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen([path, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
        printed = []
        drain = threading.Thread(target=lambda: printed.append(child.stdout.read()))
        drain.start()
        try:
            for chunk in chunks:
                child.stdin.write(chunk)
            child.stdin.close()
        except BrokenPipeError:
            pass  # it ended early and says why
        except BaseException:
            child.kill()  # half of the input must not look like the whole
            raise
        finally:
            code = child.wait()
            drain.join()
        said.seek(max(0, said.seek(0, os.SEEK_END) - 4096))
        words = said.read().decode(errors="replace")
    # 2 with a result: a document could not be read. The report lists it under its inputs.
    if code not in (0, 2) or not printed[0].endswith(b"\n"):
        raise RuntimeError(f"authopsy ended with {code}: {words}")
    sys.stderr.write(words)
    return printed[0]


def lines(batches):
    """Joins the lines of a batch, so that each is one write."""
    for batch in batches:
        column = batch.column(0)
        whole = pyarrow.ListArray.from_arrays([0, len(column)], column)
        yield pyarrow.compute.binary_join(whole, pyarrow.scalar(b"\n", column.type))[0].as_buffer()
        yield b"\n"


def frames(batches):
    """Puts the length and the name of each document before it, for --framed."""
    for batch in batches:
        for name, content in zip(batch.column(0).to_pylist(), batch.column(1)):
            document = content.as_buffer()
            yield b"%d %s\n" % (document.size, name.replace("\n", "%0A").encode())
            yield document


def unpacked(batches):
    """Unpacks partial results, one a line."""
    for batch in batches:
        for line in batch.column(0):
            yield zlib.decompress(line.as_buffer())
            yield b"\n"


def mapper(program, arguments, chunks):
    """Makes the function of a task: its batches in, one partial result out."""
    def run(batches):
        line = pipe(program, [*arguments, "--partial", "-", "-"], chunks(batches))
        # Up to a hundred megabytes, in a tenth of the space.
        packed = pyarrow.array([zlib.compress(line.strip(), 1)], pyarrow.binary())
        yield pyarrow.RecordBatch.from_arrays([packed], ["partial"])
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="+", metavar="PATH", help="each one is an input of the report, by this name")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where the partial result goes")
    parser.add_argument("--whole", action="store_true", help="each file is a document: HAR, or compressed")
    parser.add_argument("--authopsy", required=True, metavar="FILE", help="the program; it travels with the job")
    parser.add_argument("--installed", action="store_true", help="it is on every node, under this path")
    parser.add_argument("--tasks", type=int, metavar="N", help="spread the input over N tasks")
    parser.add_argument("--master")
    own = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args, options = parser.parse_args(sys.argv[1:own]), sys.argv[own + 1 :]

    builder = SparkSession.builder.appName("authopsy")
    spark = (builder.master(args.master) if args.master else builder).getOrCreate()
    program = os.path.abspath(args.authopsy) if args.installed else os.path.basename(args.authopsy)
    if not args.installed:
        spark.addArtifact(args.authopsy, file=True)
    if args.whole:
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "1")  # else 10,000 documents in memory
    spark.conf.set("spark.sql.execution.arrow.maxBytesPerBatch", "64m")  # known from Spark 4.1 on

    def partials(path):
        if args.whole:
            read = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(path)
            read, run = read.select("path", "content"), mapper(program, ["--framed", *options], frames)
        else:
            # A carriage return ends no record, and bytes that are no UTF-8 stay what they are.
            read = spark.read.option("lineSep", "\n").text(path).selectExpr("cast(value as binary)")
            run = mapper(program, ["--source", path, *options], lines)
        # coalesce() would keep the scan itself to N tasks.
        return (read.repartition(args.tasks) if args.tasks else read).mapInArrow(run, "partial binary")

    merged = partials(args.inputs[0])
    for path in args.inputs[1:]:
        merged = merged.unionAll(partials(path))
    for width in (1,) if args.tasks and args.tasks <= 16 else (16, 1):
        merged = merged.repartition(width).mapInArrow(mapper(program, ["merge"], unpacked), "partial binary")
    (row,) = merged.collect()
    with open(args.output, "wb") as out:
        out.write(zlib.decompress(row.partial) + b"\n")


if __name__ == "__main__":
    main()
