"""The OpenAI Agents SDK: its strict form of every tool, and calls through it."""

import json
from pathlib import Path

from agents.mcp import MCPServerStdio, MCPUtil
from agents.strict_schema import ensure_strict_json_schema
from agents.tool_context import ToolContext

from support import DEADLINE, check, expect, run, same, server_command, task_file


SAMPLE = Path(__file__).parent.parent / "sample-tool.json"


class Server(MCPServerStdio):
    """The SDK's server, which also keeps the last result: the model's text does not say whether it is an error."""

    async def call_tool(self, *arguments, **named):
        self.last = await super().call_tool(*arguments, **named)
        return self.last


async def main(binary):
    with check("openai agents: a sample of the right shape becomes strict"):
        schema = json.loads(SAMPLE.read_text())["inputSchema"]
        _kept(schema, ensure_strict_json_schema(json.loads(json.dumps(schema))), "the sample")
    with task_file() as db:
        async with Server(server_command(binary, db), client_session_timeout_seconds=DEADLINE) as server:
            tools = {tool.name: tool for tool in await server.list_tools()}
            for name, tool in tools.items():
                with check(f"openai agents: {name} becomes strict, and keeps every field"):
                    strict = ensure_strict_json_schema(json.loads(json.dumps(tool.input_schema)))
                    _kept(tool.input_schema, strict, name)
                    offered = _function_tool(tool, server)
                    # A schema that cannot be strict is passed on as it is, and its calls are then not bound by it.
                    expect(offered.strict_json_schema, "it could not be made strict")
                    same(offered.params_json_schema, strict, "the schema that is offered")
            await _calls(tools, server)


def _function_tool(tool, server):
    return MCPUtil.to_function_tool(tool, server, convert_schemas_to_strict=True)


def _kept(ours, strict, where):
    """Every field of ours is there, with its type, its words and its items; a strict object takes no other."""
    same(strict.get("type"), ours.get("type"), f"type of {where}")
    expect(isinstance(ours.get("type"), str), f"{where} has the type {ours.get('type')}")
    same(strict.get("enum"), ours.get("enum"), f"enum of {where}")
    same(strict.get("description"), ours.get("description"), f"description of {where}")
    if ours["type"] == "array":
        expect("items" in ours, f"{where} is an array without items")
        _kept(ours["items"], strict.get("items", {}), f"{where}[]")
    if ours["type"] == "object":
        same(strict["additionalProperties"], False, f"additionalProperties of {where}")
        expect(ours.get("properties"), f"{where} is an object without properties")
        same(list(strict["required"]), list(ours["properties"]), f"required fields of {where}")
        for field, part in ours["properties"].items():
            _kept(part, strict["properties"][field], f"{where}.{field}")


async def _calls(tools, server):
    """A strict model must name every field; it leaves blank what it has nothing for."""
    calls = [
        ("add_task", {"title": "Buy oats"}),
        ("get_task", {"task_id": 1}),
        ("update_task", {"task_id": 1, "title": "Buy rolled oats", "comment": "At the mill"}),
        ("list_tasks", {"view": "open", "status": "pending", "format": "text"}),
        ("complete_task", {"task_id": 1}),
        ("delete_task", {"task_id": 1}),
        ("undo", {}),
    ]
    for name, said in calls:
        with check(f"openai agents: {name} is answered when all that was not said is blank"):
            text = json.dumps(_filled(tools[name].input_schema, said))
            context = ToolContext(context=None, tool_name=name, tool_call_id="1", tool_arguments=text)
            answer = await _function_tool(tools[name], server).on_invoke_tool(context, text)
            expect(not server.last.is_error, f"{text} was answered the error {answer}")


def _filled(schema, said):
    """What was said, and a blank for each other field: of fixed words the first, and no number, which cannot be blank."""
    blank = {"string": "", "array": [], "integer": None, "boolean": False}
    arguments = {}
    for field, part in schema["properties"].items():
        value = said.get(field, part["enum"][0] if "enum" in part else blank[part["type"]])
        if value is not None:
            arguments[field] = value
    return arguments


run(main)
