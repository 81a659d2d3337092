"""Executes the queries of the sandbox's Athena with DuckDB, translated from Athena's dialect by sqlglot. Not a judge itself.

As a program it executes queries until it is stopped: `python athena_world.py`. The sandbox hands each out (`GET /_sandbox/athena/next`), and lets
it read objects with the permissions of whoever asked the query. Tables are views of files, as their DDL says: CSV without a header by
OpenCSVSerde, ORC and Parquet, all of them named by a `symlink.txt`. `S3FERRY_ATHENA_LOG` names a file that gets every query, a JSON text a line.
"""

import gzip
import io
import json
import os
import threading
import urllib.error
import urllib.parse
import urllib.request

import duckdb
import pyarrow
import pyarrow.csv
import pyarrow.orc
import pyarrow.parquet
import sqlglot
from sqlglot import expressions

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
CONTROL = {"Authorization": f"Bearer {os.environ['S3FERRY_SANDBOX_TOKEN']}", "Content-Type": "application/json"}
SYMLINK = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
SERDES = {
    "org.apache.hadoop.hive.serde2.OpenCSVSerde": "csv",
    "org.apache.hadoop.hive.ql.io.orc.OrcSerde": "orc",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe": "parquet",
}
TYPES = {"TEXT": pyarrow.string(), "BIGINT": pyarrow.int64(), "BOOLEAN": pyarrow.bool_(), "TIMESTAMP": pyarrow.timestamp("ms")}
# What Athena has and DuckDB has not, and sqlglot does not translate.
MACROS = ["CREATE MACRO from_base(digits, base) AS CAST('0x' || digits AS BIGINT)"]


class Refused(Exception):
    """Why a query fails, in Athena's words as far as they are known."""


def asked(query, what, **fields):
    """Asks the sandbox in the name of a query's caller."""
    url = f"{ENDPOINT}/_sandbox/athena/{query['id']}/{what}?{urllib.parse.urlencode(fields)}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=CONTROL)) as reply:
            return reply.read()
    except urllib.error.HTTPError as error:
        why = json.load(error)["error"]
        if what == "may":
            raise Refused(f"Insufficient permissions to execute the query. {why}") from error
        where = f"s3://{fields['bucket']}/{fields.get('key', fields.get('prefix'))}"
        raise Refused(f"PERMISSION_DENIED: Access Denied (Service: S3, Status Code: {error.code}) {why}: {where}") from error


def parts(location):
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key


class Executor:
    """A catalog of tables and a database that reads them."""

    def __init__(self):
        self.tables = {}

    def name(self, query, table):
        return (table.db or query["database"] or "default").lower(), table.name.lower()

    def may(self, query, action, name):
        asked(query, "may", action=f"glue:{action}", database=name[0], table=name[1])

    def execute(self, query):
        """Returns columns, rows and scanned bytes."""
        statement = sqlglot.parse_one(query["query"], read="athena")
        if isinstance(statement, expressions.Create):
            name = self.name(query, statement.find(expressions.Table))
            self.may(query, "GetDatabase", name)
            self.may(query, "CreateTable", name)
            if name in self.tables:
                raise Refused(f"FAILED: SemanticException table already exists: {name[1]}")
            self.tables[name] = statement
            return [], [], 0
        if isinstance(statement, expressions.Drop):
            name = self.name(query, statement.find(expressions.Table))
            self.may(query, "GetTable", name)
            self.may(query, "DeleteTable", name)
            self.tables.pop(name, None)
            return [], [], 0
        return self.select(query, statement)

    def select(self, query, statement):
        database = duckdb.connect()
        for macro in MACROS:
            database.execute(macro)
        scanned = 0
        known = {cte.alias for cte in statement.find_all(expressions.CTE)}
        for table in list(statement.find_all(expressions.Table)):
            if not table.db and table.name in known:
                continue
            name = self.name(query, table)
            self.may(query, "GetTable", name)
            if name not in self.tables:
                raise Refused(f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{name[0]}.{name[1]}' does not exist")
            rows, bytes_read = self.table(query, self.tables[name])
            scanned += bytes_read
            database.execute(f'CREATE SCHEMA IF NOT EXISTS "{name[0]}"')
            database.register("rows_of_files", rows)
            database.execute(f'CREATE TABLE "{name[0]}"."{name[1]}" AS SELECT * FROM rows_of_files')
            database.unregister("rows_of_files")
        translated = statement.sql(dialect="duckdb")
        try:
            answer = database.execute(translated)
            columns = [{"name": of[0], "type": str(of[1]).lower()} for of in answer.description]
            rows = [[shown(value) for value in row] for row in answer.fetchall()]
        except duckdb.Error as error:
            raise Refused(f"GENERIC_USER_ERROR: {error}") from error
        return columns, rows, scanned

    def table(self, query, statement):
        """The rows of the files of a table, and how many bytes they have."""
        properties = statement.args["properties"]
        serde = SERDES[properties.find(expressions.RowFormatSerdeProperty).this.name]
        formats = properties.find(expressions.InputOutputFormat)
        if formats.args["input_format"].name != SYMLINK:
            raise Refused("only symlinks are read here")
        bucket, prefix = parts(properties.find(expressions.LocationProperty).this.name)
        wanted = {of.name: TYPES[of.kind.this.name] for of in statement.this.expressions}
        tables, size = [], 0
        for key in json.loads(asked(query, "keys", bucket=bucket, prefix=prefix)):
            for line in asked(query, "object", bucket=bucket, key=key).decode().split():
                of_bucket, of_key = parts(line)
                data = asked(query, "object", bucket=of_bucket, key=of_key)
                size += len(data)
                tables.append(read(serde, data, wanted))
        schema = pyarrow.schema(list(wanted.items()))
        return pyarrow.concat_tables(tables) if tables else schema.empty_table(), size


def read(serde, data, wanted):
    if serde == "csv":
        names = list(wanted)
        text = gzip.decompress(data)
        if not text:
            return pyarrow.schema(list(wanted.items())).empty_table()
        options = pyarrow.csv.ConvertOptions(column_types=wanted, strings_can_be_null=False)
        read_options = pyarrow.csv.ReadOptions(column_names=names)
        return pyarrow.csv.read_csv(io.BytesIO(text), read_options=read_options, convert_options=options)
    file = io.BytesIO(data)
    table = pyarrow.orc.read_table(file) if serde == "orc" else pyarrow.parquet.read_table(file)
    # A column of the table that a file does not have is NULL, as in Athena.
    columns = [table[name].cast(kind) if name in table.column_names else pyarrow.nulls(len(table), kind) for name, kind in wanted.items()]
    return pyarrow.table(columns, names=list(wanted))


def shown(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def control(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{ENDPOINT}/_sandbox/{path}", data=data, method=method, headers=CONTROL)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def serve(executor=None):
    """Executes queries for ever."""
    executor = executor or Executor()
    log = os.environ.get("S3FERRY_ATHENA_LOG")
    while True:
        query = control("GET", "athena/next")
        if query is None:
            continue
        if log:
            with open(log, "a", encoding="utf-8") as file:
                file.write(json.dumps(query["query"]) + "\n")
        try:
            columns, rows, scanned = executor.execute(query)
            ended = {"columns": columns, "rows": rows, "scanned": scanned}
        except Refused as why:
            ended = {"error": str(why)}
        except Exception as why:  # What is wrong with the executor is told, and not waited for.
            ended = {"error": f"the executor failed: {type(why).__name__}: {why}"}
        try:
            control("POST", f"athena/{query['id']}", ended)
        except urllib.error.HTTPError as error:
            # It was stopped meanwhile.
            if error.code != 404:
                raise


def attach():
    """Executes queries beside whoever calls this."""
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()


if __name__ == "__main__":
    serve()
