// Plays the ordinary day on one server, and says what did not hold.

import { requests } from './requests.mjs';

/**
 * Plays the day on taskhold. `call(tool, args)` answers what the model reads, `{ text, isError }`; `look(tool, args)` answers the
 * object of a call that the model does not see; `tools` is the list of the tools. Returns for each sentence its calls, what was
 * read, and in `otherwise` what is wrong, or nothing.
 */
export async function play(tools, call, look) {
  const see = {
    // A list for programs has every date as ISO 8601, and a task in full has its comments.
    task: async id => {
      const { comments } = await look('get_task', { task_id: id });
      const { tasks } = await look('list_tasks', { view: 'all', format: 'json', limit: 200 });
      return { ...tasks.find(task => task.id === id), comments };
    },
    ids: async filters => {
      const { tasks } = await look('list_tasks', { ...filters, format: 'json', limit: 200 });
      return tasks.map(({ id }) => id).sort((a, b) => a - b);
    },
  };
  const served = [];
  for (const { says, calls, or, since, before, holds } of requests()) {
    const made = [];
    const make = async calls => {
      let refused = false;
      for (const [tool, args] of calls) {
        const reply = await call(tool, args);
        made.push({ tool, args, ...reply });
        refused ||= reply.isError;
      }
      return refused;
    };
    let refused = await make(!before || knows(tools, since) ? calls : before);
    if (refused && or) refused = await make(or);
    let otherwise = refused ? made.at(-1).text : undefined;
    await holds(see, made.map(({ text }) => text).join('\n')).catch(error => (otherwise ??= error.message));
    served.push({ says, made, otherwise });
  }
  return served;
}

/** Plays the day on Backlog.md; `otherwise` is what it lacks, or the words of a refusal. */
export async function playBacklog(call) {
  const served = [];
  for (const { says, backlog, lacks } of requests()) {
    const made = [];
    for (const [tool, args] of backlog) made.push({ tool, args, ...(await call(tool, args)) });
    served.push({ says, made, otherwise: lacks ?? made.find(({ isError }) => isError)?.text });
  }
  return served;
}

function knows(tools, [name, argument, value]) {
  const { inputSchema } = tools.find(tool => tool.name === name);
  const offered = inputSchema.properties[argument];
  return offered !== undefined && (value === undefined || offered.enum?.includes(value) === true);
}
