"""Spark's Thrift server for live tests: from an installation, on a port of its own.

`COLUMNIST_TEST_SPARK_HOME` names the installation; else an importable pyspark is one.
Where there is neither, or no Java, the tests skip, or fail with
`COLUMNIST_REQUIRE_LIVE=1`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import (
    _STARTED,
    Server,
    _die_with_parent,
    _folder,
    _free_port,
    unavailable,
)

SECONDS_TO_START = 180
"""It takes 10 to 20 s on an idle machine."""


def spark_home() -> Path | None:
    """Where Spark is installed, or None."""
    given = os.environ.get("COLUMNIST_TEST_SPARK_HOME")
    if given:
        return Path(given)
    found = importlib.util.find_spec("pyspark")
    return Path(found.origin).parent if found and found.origin else None


def execute(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Runs statements as given, without variables; returns the last one's rows."""
    from sqlalchemy import NullPool, create_engine

    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection = connection.execution_options(no_parameters=True)
        connection.exec_driver_sql("SET spark.sql.variable.substitute=false").close()
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in result] if result.returns_rows else []
    return rows


@contextmanager
def run_spark() -> Iterator[Server]:
    """A Thrift server with a metastore of its own, which both end with the context."""
    home = spark_home()
    if home is None or not (home / "bin" / "spark-submit").exists():
        unavailable("Spark is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        unavailable("Java is not installed")
    for package in ("pyhive", "thrift_sasl", "puresasl"):
        if importlib.util.find_spec(package) is None:
            unavailable(f"{package} is not installed")
    with _folder(None) as folder:
        port = _free_port()
        settings = {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.log.level": "WARN",
            "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
            # Else what the metastore refuses is tried ten times, 2 s apart.
            "spark.hadoop.hive.hmshandler.retry.interval": "50ms",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.hadoop.javax.jdo.option.ConnectionURL": (
                f"jdbc:derby:;databaseName={folder}/metastore;create=true"
            ),
        }
        command = [
            str(home / "bin" / "spark-submit"),
            "--class=org.apache.spark.sql.hive.thriftserver.HiveThriftServer2",
            "--master=local[1]",
            "--driver-memory=1g",
            *[f"--conf={name}={value}" for name, value in settings.items()],
            "spark-internal",
            "--hiveconf",
            f"hive.server2.thrift.port={port}",
            "--hiveconf",
            "hive.server2.thrift.bind.host=127.0.0.1",
        ]
        url = f"hive://steward@127.0.0.1:{port}/default"
        log = folder / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                cwd=folder,
                env={**os.environ, "SPARK_HOME": str(home)},
                preexec_fn=_die_with_parent,
            )
        try:
            version = f"Spark {_wait(process, url, log)}"
            _STARTED[version] = url
            yield Server(url, version)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> str:
    """Waits until the server answers; its version."""
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            return str(execute(url, "SELECT version()")[0][0])
        except Exception as error:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"no server: {error}\n{tail}") from error
        time.sleep(0.5)
