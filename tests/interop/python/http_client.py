"""The official Python SDK's client over HTTP, in both eras: every tool, resources, errors, live notifications."""

import subprocess
from contextlib import contextmanager

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

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


async def _hears(binary, db, url, token, mode, who):
    async with sdk_client.listener(lambda heard: _client(url, token, mode, heard), mode, ["tasks://all"]) as (client, updates):
        if who == "itself":
            await sdk_client.call(client, "add_task", title="Heard of")
        else:
            await command_line(binary, db, "add", "Heard of")
        same(await updates(), "tasks://all", "the notification")
        text = (await client.read_resource("tasks://all")).contents[0].text
        contains(text, "Heard of", "tasks://all, read when it was announced")


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
