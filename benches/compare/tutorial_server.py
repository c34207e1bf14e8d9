"""The task tracker of the tutorial that taskhold grew from: FastMCP, tasks in a list in memory.

This is the other side of the comparison. It does what the tutorial's server does and nothing more, so that
its numbers are those of a server as people write it.
"""

from datetime import datetime

from fastmcp import FastMCP

mcp = FastMCP("TaskTracker")

tasks: list[dict] = []
next_id = 1


@mcp.tool()
def add_task(title: str, description: str = "") -> dict:
    """Add a new task to the task list."""
    global next_id
    task = {
        "id": next_id,
        "title": title,
        "description": description,
        "status": "pending",
        "created_at": datetime.now().isoformat(),
    }
    tasks.append(task)
    next_id += 1
    return task


@mcp.tool()
def complete_task(task_id: int) -> dict:
    """Mark a task as completed."""
    for task in tasks:
        if task["id"] == task_id:
            task["status"] = "completed"
            task["completed_at"] = datetime.now().isoformat()
            return task
    return {"error": f"Task {task_id} not found"}


@mcp.tool()
def delete_task(task_id: int) -> dict:
    """Delete a task from the list."""
    for index, task in enumerate(tasks):
        if task["id"] == task_id:
            return {"success": True, "deleted": tasks.pop(index)}
    return {"success": False, "error": f"Task {task_id} not found"}


@mcp.resource("tasks://all")
def all_tasks() -> str:
    """All tasks, as text."""
    if not tasks:
        return "No tasks found"
    text = "Current Tasks:\n\n"
    for task in tasks:
        mark = "✅" if task["status"] == "completed" else "⏳"
        text += f"{mark} [{task['id']}] {task['title']}\n"
        if task["description"]:
            text += f"   Description: {task['description']}\n"
        text += f"   Status: {task['status']}\n"
        text += f"   Created: {task['created_at']}\n\n"
    return text


@mcp.resource("tasks://pending")
def pending_tasks() -> str:
    """Pending tasks, as text."""
    pending = [task for task in tasks if task["status"] == "pending"]
    if not pending:
        return "No pending tasks!"
    text = "Pending Tasks:\n\n"
    for task in pending:
        text += f"⏳ [{task['id']}] {task['title']}\n"
        if task["description"]:
            text += f"   {task['description']}\n"
        text += "\n"
    return text


@mcp.prompt()
def task_summary_prompt() -> str:
    """Ask for a summary of the task list."""
    return (
        "Please analyse the current task list and report:\n\n"
        "1. How many tasks there are, completed and pending\n"
        "2. What is overdue or of high priority\n"
        "3. Suggested next actions\n"
        "4. Overall progress\n\n"
        "Use the tasks://all resource for the complete list."
    )


if __name__ == "__main__":
    mcp.run()
