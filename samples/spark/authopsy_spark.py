"""Runs authopsy on a Spark cluster: each task makes a partial result, a tree of tasks merges them into one.

    python authopsy_spark.py --authopsy ./authopsy s3a://logs/gateway/ -o all.partial
    authopsy merge all.partial -o report.html

Only mapInArrow is used: it is there on classic clusters and on Spark Connect. The master is what
spark-submit, SPARK_REMOTE or --master says. What follows `--` goes to authopsy: --tz, --jwks, --map.

With --direct the nodes read pieces of the files themselves, and no line goes through Spark. All nodes must see
the files: in a folder that they share, or where pyarrow reads (s3://, gs://, hdfs://).
"""
import argparse
import functools
import itertools
import os
import subprocess
import sys
import tempfile
import threading

import pyarrow
import pyarrow.compute
from pyarrow import fs
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


PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\0", b"PK\x03\x04")
BLOCK = 8 << 20


def line_start(file, offset, size):
    """Returns where the first line begins that does so at the offset or behind it."""
    at = max(0, offset - 1)
    file.seek(at)
    while offset and at < size:
        block = file.read(1 << 16)
        found = block.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(block)
    return min(offset, at)


def stretch(piece):
    """Reads the lines that begin in a piece of a file; of one that is compressed, the first piece is all."""
    name, size, start, end = piece
    files, path = fs.FileSystem.from_uri(name)
    with files.open_input_file(path) as file:
        if file.read(6).startswith(PACKED):
            start, end = (0, size) if start == 0 else (0, 0)
        else:
            start, end = line_start(file, start, size), line_start(file, end, size)
        file.seek(start)
        while start < end:
            block = file.read_buffer(min(BLOCK, end - start))
            if not block.size:
                raise RuntimeError(f"{name} became shorter while it was read")
            start += block.size
            yield block


def pieces(path, length):
    """Cuts the files under a path into pieces; like Spark, it skips names that begin with a dot or underscore."""
    files, inside = fs.FileSystem.from_uri(path)
    found = files.get_file_info(inside)
    if found.type == fs.FileType.NotFound:
        raise SystemExit(f"{path}: no such file")
    if found.type == fs.FileType.Directory:
        found = files.get_file_info(fs.FileSelector(inside, recursive=True))
    else:
        found = [found]
    root = path[: len(path) - len(inside)] if path.endswith(inside) else ""
    for file in sorted((file for file in found if file.is_file), key=lambda file: file.path):
        if not any(part[:1] in "._" for part in file.path[len(inside) :].split("/") if part):
            for start in range(0, file.size, length):
                yield root + file.path, file.size, start, min(start + length, file.size)


def mapper(program, arguments, chunks):
    """Makes the function of a task that reads: its batches in, one partial result out."""
    def run(batches):
        yield partial(pipe(program, [*arguments, "--partial", "-", "-"], chunks(batches)))
    return run


def reader(program, options, work):
    """Makes the function of a task that reads pieces itself; it is told their numbers."""
    def run(batches):
        for batch in batches:
            for number in batch.column(0).to_pylist():
                source, piece = work[number]
                yield partial(pipe(program, ["--source", source, *options, "--partial", "-", "-"], stretch(piece)))
    return run


def merger(program, last):
    """Makes the function of a task that merges. There is always a last result, if only the empty one."""
    def run(batches):
        lines = (line for batch in batches for line in batch.column(0).to_pylist())
        some = [line for _, line in zip(range(2), lines)]
        if len(some) > 1 or last and not some:
            some = [pipe(program, ["merge", "--partial", "-", "-"], itertools.chain(some, lines))]
        for line in some:
            yield partial(line)
    return run


def partial(line):
    return pyarrow.RecordBatch.from_arrays([pyarrow.array([line], pyarrow.binary())], ["partial"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="+", metavar="PATH", help="each one is an input of the report, by this name")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where the partial result goes")
    parser.add_argument("--whole", action="store_true", help="each file is a document: HAR, or compressed")
    parser.add_argument("--direct", action="store_true", help="the nodes read the files themselves, past Spark")
    parser.add_argument("--piece", type=int, default=256, metavar="MB", help="how much a task reads (256)")
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
    # Each task makes a result of megabytes, however little it reads.
    spark.conf.set("spark.sql.files.maxPartitionBytes", f"{args.piece}m")

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

    if args.direct:
        work = [(path, piece) for path in args.inputs for piece in pieces(path, args.piece << 20)]
        merged = spark.range(0, len(work), 1, len(work) or 1)
        merged = merged.mapInArrow(reader(program, options, work), "partial binary")
    else:
        merged = functools.reduce(lambda a, b: a.unionAll(b), map(partials, args.inputs))
    # A task merges 16 results or so, where it is known how many there are.
    tasks = len(work) if args.direct else args.tasks
    for width in (1,) if tasks and tasks <= 16 else (16, 1):
        run = merger(program, last=width == 1)
        merged = merged.repartition(width).mapInArrow(run, "partial binary")
    (row,) = merged.collect()
    with open(args.output, "wb") as out:
        out.write(row.partial)


if __name__ == "__main__":
    main()
