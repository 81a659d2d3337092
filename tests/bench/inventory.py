"""How long `s3ferry verify --from inventory` takes for lists of N and of four times N rows, what memory, and what DuckDB takes for the same.

    python3 tests/bench/inventory.py [--rows 1000000] [--format csv|parquet] [--differ 100]

pyarrow and boto3 are needed, and duckdb to compare with. The lists lie on the sandbox, whose buckets have none of the keys: what differs is
looked at and found to be gone, which costs two listings each. DuckDB joins the same files, by key and version, with two threads.
"""

import argparse
import gzip
import hashlib
import importlib
import json
import multiprocessing
import resource
import time

import boto3
import common

COLUMNS = ["Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", "Size", "LastModifiedDate", "ETag", "StorageClass", "EncryptionStatus"]
FILES = 4  # of each list
CREATED = 1_795_737_600_000
FOLDER = "2026-11-27T00-00Z"


def arguments():
    parser = argparse.ArgumentParser(description="Compares inventories of many rows.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", choices=["csv", "parquet"], default="csv")
    parser.add_argument("--differ", type=int, default=100, help="rows that the destination lacks")
    return parser.parse_args()


def main():
    args = arguments()
    print(f"inventories in {args.format} ({common.machine()})")
    for rows in (args.rows, 4 * args.rows):
        with common.workspace() as folder, common.Sandbox(folder, {common.SOURCE: ["orders", "lists"], common.DESTINATION: ["replica", "replica-lists"]}) as sandbox:
            one = apart(written, folder, "orders", rows, 0, args.format)
            two = apart(written, folder, "replica", rows, args.differ, args.format)
            apart(put, sandbox.environment, common.SOURCE, "lists", "orders", args.format, one)
            apart(put, sandbox.environment, common.DESTINATION, "replica-lists", "replica", args.format, two)
            (folder / "spec.yaml").write_text(spec())
            command = [common.binary(), "verify", "spec.yaml", "--from", "inventory"]
            run = common.expect(common.run(command, common.environment(sandbox.environment), folder), 0)
            show(f"s3ferry, {rows:,} rows a side", run.wall, run.cpu, run.memory)
            common.verdict("peak memory", run.memory, 256, " MB")
            apart(duckdb, rows, one, two, args.differ)


def apart(work, *arguments):
    """Does work in a process of its own: the peak memory of a process begins with that of the one that started it."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def spec():
    return f"""version: 1
name: bench
{common.ACCOUNTS}migrations:
  orders:
    phase: replicate
    source: {{ account: prod, bucket: orders }}
    destination: {{ account: archive, bucket: replica }}
    logging:
      inventory:
        source: {{ bucket: lists }}
        destination: {{ bucket: replica-lists }}
    rules: [ {{ id: everything, prefix: "", delete_markers: keep }} ]
"""


def row(number):
    """Returns a row by its number: two versions a key, keys in no order."""
    key, nth = divmod(number, 2)
    mixed = hashlib.md5(key.to_bytes(8, "big")).hexdigest()
    return f"data/{mixed[:2]}/{mixed}.bin", f"{mixed}{nth}", nth == 1, key % 100_000, f"{mixed[::-1]}"


def written(folder, bucket, rows, less, form):
    """Writes a list that lacks the last rows, in some files."""
    paths = []
    for file in range(FILES):
        path = folder / f"{bucket}-{file}"
        numbers = range(file, rows - less, FILES)
        (write_csv if form == "csv" else write_parquet)(path, bucket, numbers)
        paths.append(path)
    return paths


def write_csv(path, bucket, numbers):
    with gzip.open(path, "wt", compresslevel=1) as to:
        for key, version, latest, size, etag in map(row, numbers):
            flag = str(latest).lower()
            to.write(f'"{bucket}","{key}","{version}","{flag}","false","{size}","2026-01-01T00:00:00.000Z","{etag}","STANDARD","SSE-S3"\n')


def write_parquet(path, bucket, numbers):
    import pyarrow
    import pyarrow.parquet

    writer = None
    numbers = list(numbers)
    for start in range(0, len(numbers), 100_000):
        keys, versions, latest, sizes, etags = zip(*map(row, numbers[start : start + 100_000]))
        count = len(keys)
        table = pyarrow.table({
            "bucket": [bucket] * count, "key": keys, "version_id": versions, "is_latest": latest, "is_delete_marker": [False] * count, "size": sizes,
            "last_modified_date": pyarrow.array([CREATED] * count, pyarrow.timestamp("ms", "UTC")), "e_tag": etags, "storage_class": ["STANDARD"] * count,
            "encryption_status": ["SSE-S3"] * count,
        })
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema, compression="snappy")
        writer.write_table(table)
    writer.close()


def put(environment, account, lists, bucket, form, paths):
    """Puts a list where S3 would."""
    sts = client("sts", environment)
    session = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/sandbox", RoleSessionName="bench")["Credentials"]
    s3 = client("s3", environment, session)
    folder = f"{bucket}/s3ferry-bench"
    files = []
    for path in paths:
        content = path.read_bytes()
        key = f"{folder}/data/{path.name}"
        s3.put_object(Bucket=lists, Key=key, Body=content)
        files.append({"key": key, "size": len(content), "MD5checksum": hashlib.md5(content).hexdigest()})
    name, schema = ("CSV", ", ".join(COLUMNS)) if form == "csv" else ("Parquet", parquet_schema())
    manifest = json.dumps({
        "sourceBucket": bucket, "destinationBucket": f"arn:aws:s3:::{lists}", "version": "2016-11-30", "creationTimestamp": str(CREATED),
        "fileFormat": name, "fileSchema": schema, "files": files,
    }).encode()
    s3.put_object(Bucket=lists, Key=f"{folder}/{FOLDER}/manifest.json", Body=manifest)
    s3.put_object(Bucket=lists, Key=f"{folder}/{FOLDER}/manifest.checksum", Body=hashlib.md5(manifest).hexdigest().encode())


def parquet_schema():
    names = ["bucket", "key", "version_id", "is_latest", "is_delete_marker", "size", "last_modified_date", "e_tag", "storage_class", "encryption_status"]
    return "message s3.inventory {" + "".join(f"  optional binary {name};" for name in names) + "}"


def client(service, environment, session=None):
    keys = {
        "aws_access_key_id": session["AccessKeyId"], "aws_secret_access_key": session["SecretAccessKey"], "aws_session_token": session["SessionToken"],
    } if session else {
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": environment.get("AWS_SESSION_TOKEN"),
    }
    return boto3.client(service, endpoint_url=environment["AWS_ENDPOINT_URL"], region_name=common.REGION[common.SOURCE], **keys)


def duckdb(rows, one, two, differ):
    """Joins the same files by key and version; says nothing where DuckDB is not installed."""
    try:
        duckdb = importlib.import_module("duckdb")
    except ImportError:
        print("DuckDB is not installed: nothing to compare with")
        return
    read = lambda paths: reader([str(path) for path in paths])
    began, cpu = time.monotonic(), time.process_time()
    connection = duckdb.connect()
    connection.execute("SET threads TO 2")
    found = connection.execute(f"""SELECT count(*) FROM {read(one)} a FULL OUTER JOIN {read(two)} b ON a.key = b.key AND a.version_id = b.version_id
        WHERE a.key IS NULL OR b.key IS NULL OR a.size <> b.size OR a.e_tag <> b.e_tag OR a.is_latest <> b.is_latest""").fetchone()[0]
    if found != differ:
        raise SystemExit(f"DuckDB finds {found} differences")
    show(f"DuckDB, {rows:,} rows a side", time.monotonic() - began, time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def reader(paths):
    if open(paths[0], "rb").read(4) == b"PAR1":
        return f"read_parquet({paths})"
    names = ["bucket", "key", "version_id", "is_latest", "is_delete_marker", "size", "modified", "e_tag", "class", "encryption"]
    return f"read_csv({paths}, header=false, compression='gzip', names={names}, all_varchar=true)"


def show(what, wall, cpu, memory):
    print(f"{what}: {wall:.1f} s, {cpu:.1f} s of CPU, {memory:.0f} MB")


if __name__ == "__main__":
    main()
