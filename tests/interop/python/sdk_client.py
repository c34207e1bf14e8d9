"""The official Python SDK's client, in both eras: every tool, resources, the prompt, errors, and live notifications."""

import json
import re
import warnings
from contextlib import asynccontextmanager

import anyio
from mcp import Client, MCPDeprecationWarning, MCPError, StdioServerParameters

from support import (
    DEADLINE,
    check,
    command_line,
    contains,
    expect,
    run,
    same,
    server_command,
    servers_ended_well,
    session,
    task_file,
)

LEGACY, MODERN = "legacy", "auto"
VERSIONS = {LEGACY: "2025-11-25", MODERN: "2026-07-28"}
NOT_FOUND = {LEGACY: -32002, MODERN: -32602}
TOOLS = {"add_task", "list_tasks", "get_task", "update_task", "complete_task", "delete_task", "undo"}

# Subscribing in the older dialect is the point here, not an oversight.
warnings.simplefilter("ignore", MCPDeprecationWarning)


async def main(binary):
    for mode in (LEGACY, MODERN):
        with task_file() as db:
            await _surface(f"python sdk {mode}", binary, db, mode)
        await _notifications(f"python sdk {mode}", binary, mode)
    with check("python sdk: every server ended when its client went"):
        servers_ended_well()


def _client(binary, db, mode, heard=None):
    # The response cache stays on: an answer with a wrong cache hint then shows as a stale read.
    return Client(
        StdioServerParameters(**server_command(binary, db)),
        mode=mode,
        read_timeout_seconds=DEADLINE,
        message_handler=heard,
    )


async def _surface(name, binary, db, mode):
    async with session(name, _client(binary, db, mode)) as client:
        with check(f"{name}: connects as {VERSIONS[mode]}"):
            same(client.protocol_version, VERSIONS[mode], "protocol version")
            same(client.server_info.name, "taskhold", "server name")
            expect(client.server_info.version, "no server version")
            expect(client.instructions, "no instructions")
        with check(f"{name}: lists the tools"):
            offered = {tool.name: tool for tool in (await client.list_tools()).tools}
            expect(TOOLS <= offered.keys(), f"no {TOOLS - offered.keys()} among {sorted(offered)}")
            silent = [tool.name for tool in offered.values() if not tool.annotations or not tool.description]
            expect(not silent, f"no annotations or no description: {silent}")
        await tools(name, client)
        await failures(name, client)
        await resources_and_prompt(name, client, mode)
        await _many_at_once(name, client)


async def call(client, tool, **arguments):
    """Calls a tool that answers with an object, which must be the same as text and as structuredContent."""
    result = await client.call_tool(tool, arguments)
    expect(not result.is_error, f"{tool} answered the error {result.content[0].text!r}")
    value = json.loads(result.content[0].text)
    same(result.structured_content, value, f"structuredContent of {tool} beside its text")
    return value


async def tools(name, client):
    with check(f"{name}: add_task"):
        task = await call(client, "add_task", title="Write the guide", description="Two pages")
        same((task["id"], task["status"]), (1, "pending"), "id and status")
    with check(f"{name}: get_task, by number and by text"):
        task = await call(client, "get_task", task_id=1)
        same(task["title"], "Write the guide", "title")
        expect(task["rev"] >= 1, f"rev is {task['rev']}")
        same(await call(client, "get_task", task_id="#1"), task, "the same task asked for as #1")
    with check(f"{name}: update_task"):
        await call(client, "update_task", task_id=1, title="Write the manual", status="in_progress")
        task = await call(client, "get_task", task_id=1)
        same((task["title"], task["status"]), ("Write the manual", "in_progress"), "title and status")
        same(task["description"], "Two pages", "description, which was not named")
    with check(f"{name}: list_tasks, as text and as json"):
        text = (await client.call_tool("list_tasks", {})).content[0].text
        expect(re.search(r"^1\b.*Write the manual", text, re.MULTILINE), f"no line of the task in {text!r}")
        listed = await call(client, "list_tasks", view="open", format="json")
        same([task["id"] for task in listed["tasks"]], [1], "ids")
    with check(f"{name}: complete_task, and again without a change"):
        task = await call(client, "complete_task", task_id=1)
        same(task["status"], "completed", "status")
        again = await call(client, "complete_task", task_id=1)
        same(again["completed_at"], task["completed_at"], "completed_at of the second call")
        expect(again.get("note"), f"no note that nothing changed in {again}")
    with check(f"{name}: undo"):
        undone = await client.call_tool("undo", {})
        expect(not undone.is_error, f"undo answered the error {undone.content[0].text!r}")
        same((await call(client, "get_task", task_id=1))["status"], "in_progress", "status")
    with check(f"{name}: delete_task"):
        result = await call(client, "delete_task", task_id=1)
        same((result["success"], result["deleted"]["id"]), (True, 1), "success and id")
        same((await call(client, "list_tasks", view="all", format="json"))["tasks"], [], "tasks")


async def failures(name, client):
    cases = [
        ("an unknown id", "complete_task", {"task_id": 99}, "Task 99 not found"),
        ("an unknown id", "delete_task", {"task_id": 99}, "Task 99 not found"),
        ("an unknown id", "get_task", {"task_id": 99}, "Task 99 not found"),
        ("a word for an id", "get_task", {"task_id": "soon"}, "task_id"),
        ("an unknown argument", "add_task", {"title": "x", "titel": "y"}, "titel"),
        ("a missing title", "add_task", {}, "title"),
        ("a blank title", "add_task", {"title": "  "}, "title"),
    ]
    for what, tool, arguments, part in cases:
        with check(f"{name}: {tool} with {what} is an error result"):
            result = await client.call_tool(tool, arguments)
            expect(result.is_error, f"no error, but {result.content[0].text!r}")
            contains(result.content[0].text, part, "the text")


async def resources_and_prompt(name, client, mode):
    async def read(uri):
        contents = (await client.read_resource(uri)).contents
        same([content.uri for content in contents], [uri], "URIs of the contents")
        same(contents[0].mime_type, "text/plain", "MIME type")
        return contents[0].text

    with check(f"{name}: lists resources and templates"):
        uris = {resource.uri for resource in (await client.list_resources()).resources}
        expect({"tasks://all", "tasks://pending"} <= uris, f"URIs: {uris}")
        templates = [t.uri_template for t in (await client.list_resource_templates()).resource_templates]
        expect("tasks://task/{id}" in templates, f"templates: {templates}")
    with check(f"{name}: reads resources that change meanwhile"):
        same(await read("tasks://all"), "No tasks found", "tasks://all")
        task = await call(client, "add_task", title="Read me")
        for uri in ("tasks://all", "tasks://pending", f"tasks://task/{task['id']}"):
            contains(await read(uri), "Read me", uri)
    with check(f"{name}: an unknown resource is error {NOT_FOUND[mode]}"):
        try:
            text = await read("tasks://task/99")
        except MCPError as error:
            same(error.error.code, NOT_FOUND[mode], "code")
            # Clients tell this error from others of its code by data that holds the URI and nothing else.
            same(error.error.data, {"uri": "tasks://task/99"}, "data")
        else:
            expect(False, f"no error, but {text!r}")
    with check(f"{name}: gets the prompt, with the list in it"):
        prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
        expect("task_summary_prompt" in prompts, f"prompts: {prompts}")
        messages = (await client.get_prompt("task_summary_prompt")).messages
        text = "\n".join(message.content.text for message in messages)
        contains(text, "tasks://all", "the prompt")
        contains(text, "Read me", "the prompt")


async def _many_at_once(name, client):
    with check(f"{name}: 50 calls sent without waiting are applied in the order sent"):
        ids = [0] * 50

        async def add(number):
            ids[number] = (await call(client, "add_task", title=f"Pipelined {number}"))["id"]

        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(add, number)
        expect(all(b == a + 1 for a, b in zip(ids, ids[1:])), f"ids in the order sent: {ids}")


async def _notifications(name, binary, mode):
    """One file and one subscriber for each way in which a change can be made."""
    writers = {
        "itself": _by_itself,
        "a legacy server": _by_server(LEGACY),
        "a modern server": _by_server(MODERN),
        "the command line": _by_command_line,
    }
    for who, write in writers.items():
        with task_file() as db, check(f"{name}: a subscriber hears of a change by {who}"):
            async with _stdio_listener(binary, db, mode, ["tasks://all", "tasks://pending"]) as (client, updates):
                await write(client, binary, db, "Heard of")
                waited_for = {"tasks://all", "tasks://pending"}
                while waited_for:
                    waited_for.discard(await updates())
                # Told only after the commit: what was announced can be read at once.
                text = (await client.read_resource("tasks://all")).contents[0].text
                contains(text, "Heard of", "tasks://all, read when it was announced")
    with task_file() as db, check(f"{name}: a subscriber of one resource hears of no other"):
        for number in (1, 2):
            await command_line(binary, db, "add", f"Number {number}")
        async with _stdio_listener(binary, db, mode, ["tasks://task/2"]) as (client, updates):
            for number in (1, 2):
                await call(client, "complete_task", task_id=number)
            same(await updates(), "tasks://task/2", "the first notification")
    if mode == LEGACY:
        with task_file() as db, check(f"{name}: after unsubscribing a resource is silent"):
            async with _stdio_listener(binary, db, mode, ["tasks://all", "tasks://pending"]) as (client, updates):
                await client.unsubscribe_resource("tasks://pending")
                for title in ("First", "Second"):
                    await call(client, "add_task", title=title)
                    same(await updates(), "tasks://all", "the notification")


async def _by_itself(client, _binary, _db, title):
    await call(client, "add_task", title=title)


def _by_server(mode):
    async def write(_client_that_listens, binary, db, title):
        async with _client(binary, db, mode) as other:
            await call(other, "add_task", title=title)

    return write


async def _by_command_line(_client_that_listens, binary, db, title):
    await command_line(binary, db, "add", title)


def _stdio_listener(binary, db, mode, uris):
    return listener(lambda heard: _client(binary, db, mode, heard), mode, uris)


@asynccontextmanager
async def listener(client_that, mode, uris):
    """A client that is told of `uris`, and a function that waits for the URI of the next notification."""
    send, receive = anyio.create_memory_object_stream(1000)

    async def heard(message):
        if getattr(message, "method", None) == "notifications/resources/updated":
            await send.send(message.params.uri)

    async with client_that(heard) as client:
        if mode == LEGACY:
            for uri in uris:
                await client.subscribe_resource(uri)
            yield client, receive.receive
        else:
            async with client.listen(resource_subscriptions=uris) as stream:
                same(stream.honored.resource_subscriptions, uris, "the URIs that the server accepted")

                async def next_uri():
                    return (await anext(stream)).uri

                yield client, next_uri


if __name__ == "__main__":
    run(main)
