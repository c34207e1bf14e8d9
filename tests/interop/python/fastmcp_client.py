"""The FastMCP client: what the contract's test client does, then the same file after a restart of the server."""

import json

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError

from support import (
    DEADLINE,
    check,
    contains,
    expect,
    run,
    same,
    server_command,
    servers_ended_well,
    session,
    task_file,
)

TITLE = "Learn MCP"
DESCRIPTION = "Build a task tracker 🦀"


def by_transport(binary, db):
    # FastMCP keeps a server alive between sessions unless told otherwise.
    return StdioTransport(**server_command(binary, db), keep_alive=False)


def by_config(binary, db):
    return {"mcpServers": {"taskhold": {**server_command(binary, db), "keep_alive": False}}}


async def main(binary):
    for how, server in (("transport", by_transport), ("mcpServers", by_config)):
        for mode, version in (("legacy", "2025-11-25"), ("auto", "2026-07-28")):
            with task_file() as db:
                await _one_life(f"fastmcp {mode} by {how}", lambda: _client(server(binary, db), mode), version)


def _client(server, mode):
    return Client(server, mode=mode, timeout=DEADLINE, init_timeout=DEADLINE)


async def _one_life(name, connect, version):
    async with session(name, connect()) as client:
        with check(f"{name}: connects as {version}"):
            same(client.protocol_version, version, "protocol version")
            same(client.server_info.name, "taskhold", "server name")
        await _what_the_test_client_does(name, client)
    with check(f"{name}: the server ends when its client goes"):
        servers_ended_well()

    async with session(name, connect()) as client:
        await _after_a_restart(name, client)
    with check(f"{name}: the restarted server ends when its client goes"):
        servers_ended_well()


async def _what_the_test_client_does(name, client):
    with check(f"{name}: lists the tools by name"):
        tools = {tool.name for tool in await client.list_tools()}
        missing = {"add_task", "complete_task", "delete_task"} - tools
        expect(not missing, f"no {missing} among {tools}")

    with check(f"{name}: adds a task"):
        result = await client.call_tool("add_task", {"title": TITLE, "description": DESCRIPTION})
        task = json.loads(result.content[0].text)
        same(result.structured_content, task, "structuredContent beside content[0].text")
        for field, value in {"id": 1, "title": TITLE, "description": DESCRIPTION, "status": "pending"}.items():
            same(task.get(field), value, field)
        contains(task["created_at"], "T", "created_at")

    with check(f"{name}: lists the resources by URI"):
        uris = {str(resource.uri) for resource in await client.list_resources()}
        missing = {"tasks://all", "tasks://pending"} - uris
        expect(not missing, f"no {missing} among {uris}")

    with check(f"{name}: reads tasks://all"):
        await _shows_the_task(client, "tasks://all")


async def _shows_the_task(client, uri):
    contents = await client.read_resource(uri)
    lines = contents[0].text.split("\n")
    same(lines[:3], ["Current Tasks:", "", f"⏳ [1] {TITLE}"], f"the first lines of {uri}")
    told = [line.strip() for line in lines[3:] if line.startswith(" ")]
    expect(f"Description: {DESCRIPTION}" in told, f"no description among {told}")
    expect("Status: pending" in told, f"no status among {told}")
    expect(any(line.startswith("Created: ") for line in told), f"no time of creation among {told}")


async def _after_a_restart(name, client):
    with check(f"{name}: the task is still there after a restart"):
        await _shows_the_task(client, "tasks://all")

    with check(f"{name}: completes the task"):
        task = json.loads((await client.call_tool("complete_task", {"task_id": 1})).content[0].text)
        same(task["status"], "completed", "status")
        contains(task["completed_at"], "T", "completed_at")
        contains((await client.read_resource("tasks://all"))[0].text, f"✅ [1] {TITLE}", "tasks://all")
        same((await client.read_resource("tasks://pending"))[0].text, "No pending tasks!", "tasks://pending")

    with check(f"{name}: deletes the task"):
        result = json.loads((await client.call_tool("delete_task", {"task_id": 1})).content[0].text)
        same(result["success"], True, "success")
        same(result["deleted"]["title"], TITLE, "title of the deleted task")
        same((await client.read_resource("tasks://all"))[0].text, "No tasks found", "tasks://all")

    for tool in ("complete_task", "delete_task"):
        with check(f"{name}: {tool} of an unknown id is an error that names it"):
            try:
                result = await client.call_tool(tool, {"task_id": 99})
            except ToolError as error:
                contains(str(error), "Task 99 not found", "the error")
            else:
                expect(False, f"no error, but {result}")

    with check(f"{name}: gets the prompt, with the list in it"):
        await client.call_tool("add_task", {"title": "In the prompt"})
        prompts = {prompt.name for prompt in await client.list_prompts()}
        expect("task_summary_prompt" in prompts, f"no task_summary_prompt among {prompts}")
        text = "\n".join(m.content.text for m in (await client.get_prompt("task_summary_prompt")).messages)
        contains(text, "tasks://all", "the prompt")
        contains(text, "In the prompt", "the prompt")


run(main)
