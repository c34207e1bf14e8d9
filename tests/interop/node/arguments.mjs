// What a model sends by the schema of a tool: each field with each kind of value, and all of them left blank.

import { date } from '../day/requests.mjs';

/** Adds what the calls speak of, and returns a way to new tasks. */
export async function prepare(server) {
  const call = async (tool, args) => {
    const { text, isError } = await server.call(tool, args);
    if (isError) throw new Error(`${tool} answered the error ${text}`);
    return text;
  };
  const add = async fields => JSON.parse(await call('add_task', fields)).id;
  await add({ title: 'Known by its project and tag', project: 'Home', tags: ['work'] });
  let count = 0;
  const one = () => add({ title: `One of its own, ${(count += 1)}` });
  return {
    one,
    series: () => add({ title: `A series, ${(count += 1)}`, due: date(1), repeat: 'every day' }),
    group: async () => {
      const { history } = JSON.parse(await call('get_task', { task_id: await one(), history: true }));
      return history.at(-1).group;
    },
    key: () => `key ${(count += 1)}`,
  };
}

/** The values of a field, by its name; a field without any here has a new name, and needs some. */
const VALUES = {
  task_id: async tasks => [await tasks.one()],
  task_ids: async tasks => [[await tasks.one()], [await tasks.one(), await tasks.one()]],
  parent: async tasks => [String(await tasks.one())],
  depends_on: async tasks => [[], [String(await tasks.one())], [String(await tasks.one()), `#${await tasks.one()}`]],
  title: async () => ['Buy oats'],
  description: async () => ['', 'Whole grain'],
  due: async () => ['', 'tomorrow', 'in 2 days 17:30', date(4)],
  defer_until: async () => ['', 'in 3 days'],
  due_before: async () => ['', 'fri', date(9)],
  due_after: async () => ['', 'yesterday'],
  completed_after: async () => ['', date(-6)],
  completed_before: async () => ['', 'tomorrow'],
  project: async () => ['', 'Home'],
  tag: async () => ['', 'work'],
  tags: async () => [[], ['work'], ['work', 'phone']],
  repeat: async () => ['', 'every weekday', 'FREQ=WEEKLY;BYDAY=MO'],
  key: async tasks => ['', tasks.key()],
  comment: async () => ['', 'They call back.'],
  status: async () => ['', 'in_progress'],
  priority: async () => ['', 'high'],
  query: async () => ['', 'oats'],
  cursor: async () => [''],
  limit: async () => [1, 200],
  history: async () => [true, false],
  if_rev: async () => [1],
  confirm: async () => [1],
  group: async tasks => [await tasks.group()],
  tasks: async tasks => [
    [{ title: 'Alone' }],
    [
      { title: 'First', description: 'With more', due: 'tomorrow', priority: 'high', project: 'Home', tags: ['work'] },
      { title: 'Second', parent: '^1', depends_on: ['^1'], repeat: 'every week', due: date(3) },
      { title: 'Third', parent: String(await tasks.one()), depends_on: ['^1', '^2'] },
    ],
  ],
};

/** What a call cannot do without. */
const LEAST = {
  add_task: async () => ({ title: 'Buy oats' }),
  list_tasks: async () => ({}),
  get_task: async tasks => ({ task_id: await tasks.one() }),
  update_task: async tasks => ({ task_id: await tasks.one(), description: 'Whole grain' }),
  complete_task: async tasks => ({ task_id: await tasks.one() }),
  delete_task: async tasks => ({ task_id: await tasks.one() }),
  // The last change is there to be undone.
  undo: async tasks => (await tasks.one(), {}),
};

/** What a call cannot leave blank that leaves all else blank. */
const NEVER_BLANK = { update_task: { title: 'Buy rolled oats' } };

/** Fields that say the same as another, and stand in its place. */
const INSTEAD = { tasks: 'title', task_ids: 'task_id' };

/** Returns arguments for a tool: what it needs, then that with each value of each field, with blanks, and with what hosts add. */
export async function argumentSets({ name, inputSchema }, tasks) {
  const least = LEAST[name];
  const sets = [await least(tasks)];
  for (const [field, { enum: words }] of Object.entries(inputSchema.properties)) {
    for (const value of words ?? (await values(name, field, tasks))) {
      const { [INSTEAD[field]]: _, ...others } = await least(tasks);
      if (name === 'complete_task' && field === 'due') others.task_id = await tasks.series();
      sets.push({ ...others, [field]: value });
    }
  }
  const blanks = Object.entries(inputSchema.properties).flatMap(([field, { type, enum: words }]) => {
    if (words) return [];
    if (type === 'string') return [[field, '']];
    return type === 'array' ? [[field, []]] : [];
  });
  sets.push({ ...Object.fromEntries(blanks), ...(await least(tasks)), ...NEVER_BLANK[name] });
  // Gemini CLI adds this to every call, and checks the call by the schema before it leaves.
  sets.push({ ...(await least(tasks)), wait_for_previous: true });
  return sets;
}

async function values(tool, field, tasks) {
  if (tool === 'complete_task' && field === 'due') return [date(1)];
  if (!VALUES[field]) throw new Error(`${tool} has a new field ${field}: say here what a model sends in it`);
  return VALUES[field](tasks);
}
