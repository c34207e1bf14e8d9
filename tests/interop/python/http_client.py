"""The official Python SDK's client over HTTP, in both eras: every tool, resources, errors, live notifications; and the
metrics, by the parser of Prometheus' own client."""

import subprocess
from contextlib import contextmanager

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import sdk_client
from sdk_client import LEGACY, MODERN, VERSIONS
from support import DEADLINE, check, command_line, contains, run, same, session, task_file


async def main(binary):
    for mode in (LEGACY, MODERN):
        name = f"python sdk http {mode}"
        with task_file() as db, _daemon(binary, db) as (url, token):
            async with session(name, _client(url, token, mode)) as client:
                with check(f"{name}: connects as {VERSIONS[mode]}"):
                    same(client.protocol_version, VERSIONS[mode], "protocol version")
                await sdk_client.tools(name, client)
                await sdk_client.failures(name, client)
                await sdk_client.resources_and_prompt(name, client, mode)
        for who in ("itself", "the command line"):
            with task_file() as db, _daemon(binary, db) as (url, token):
                with check(f"{name}: a subscriber hears of a change by {who}"):
                    await _hears(binary, db, url, token, mode, who)
    with task_file() as db, _daemon(binary, db) as (url, token):
        with check("metrics: are what their media type says, with counts and durations by tool"):
            await _metrics(url, token)


async def _hears(binary, db, url, token, mode, who):
    async with sdk_client.listener(lambda heard: _client(url, token, mode, heard), mode, ["tasks://all"]) as (client, updates):
        if who == "itself":
            await sdk_client.call(client, "add_task", title="Heard of")
        else:
            await command_line(binary, db, "add", "Heard of")
        same(await updates(), "tasks://all", "the notification")
        text = (await client.read_resource("tasks://all")).contents[0].text
        contains(text, "Heard of", "tasks://all, read when it was announced")


async def _metrics(url, token):
    async with session("metrics", _client(url, token, MODERN)) as client:
        await sdk_client.call(client, "add_task", title="Counted")
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx2.get(url.replace("/mcp", "/metrics"), headers=headers, timeout=DEADLINE)
    media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    same(answer.headers["content-type"], media_type, "the media type")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    durations = families["taskhold_call_duration_seconds"]
    same((durations.type, durations.unit), ("histogram", "seconds"), "the durations")
    added = {"method": "tools/call", "tool": "add_task"}
    counted = [sample.value for sample in durations.samples if sample.name.endswith("_count") and sample.labels == added]
    same(counted, [1], "calls of add_task")
    same(families["taskhold_requests"].type, "counter", "the requests")


@contextmanager
def _daemon(binary, db):
    """A daemon on a free port: its URL and its token."""
    call = {"env": {"HOME": str(db.parent)}, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    daemon = subprocess.Popen([binary, "serve", "--listen", "0", "--db", str(db)], **call)
    try:
        lines = iter(daemon.stdout.readline, "")
        url = next(line for line in lines if line.startswith("listening: ")).split()[1]
        token = subprocess.run([binary, "token", "show", "--db", str(db)], check=True, **call).stdout.strip()
        yield url, token
        daemon.terminate()
        same(daemon.wait(DEADLINE), 0, "the daemon's exit status")
    finally:
        daemon.kill()
        daemon.wait()


def _client(url, token, mode, heard=None):
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=httpx2.Timeout(DEADLINE, read=None))
    transport = streamable_http_client(url, http_client=http)
    return Client(transport, mode=mode, read_timeout_seconds=DEADLINE, message_handler=heard)


if __name__ == "__main__":
    run(main)
