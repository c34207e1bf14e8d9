// Fifty operations of a working session, each as the call or calls with which a server of each kind serves it.
//
// taskhold's calls take only what every release takes, so that the figures of two releases compare. Ids are those that a new
// database gives: tasks are added in one order everywhere. Whoever has no call for an operation reaches the same end by others.

import { date } from '../../tests/interop/day/requests.mjs';

const named = new Map(); // What the memory server calls a task, by number: it has names where the others have ids.
const numbered = new Map(); // What Backlog.md calls a task, by number: a part is numbered below its parent.
const retired = []; // Numbers of Backlog.md whose tasks have got others.
const facts = new Map(); // What the memory server was told of a task, by number and kind: it changes a fact by deleting it.

/** Adds a task: `fields` in taskhold's words. */
function add(fields) {
  const id = named.size + 1;
  named.set(id, fields.title);
  number(id, fields.parent);
  facts.set(id, new Map([['status', 'pending'], ...Object.entries(fields).filter(([kind]) => kind !== 'title')].map(fact)));
  const relations = (fields.depends_on ?? []).map(to => ({ from: fields.title, to: named.get(to), relationType: 'depends on' }));
  if (fields.parent) relations.push({ from: fields.title, to: named.get(fields.parent), relationType: 'is part of' });
  return {
    taskhold: [['add_task', fields]],
    backlog: [['task_create', inBacklog(fields)]],
    memory: [
      ['create_entities', { entities: [{ name: fields.title, entityType: 'task', observations: [...facts.get(id).values()] }] }],
      ...(relations.length > 0 ? [['create_relations', { relations }]] : []),
    ],
  };
}

/** Gives the task the next number of Backlog.md. */
function number(id, parent) {
  const taken = [...numbered.values(), ...retired];
  const stem = parent ? `${numbered.get(parent)}.` : 'TASK-';
  const siblings = taken.filter(other => other.startsWith(stem) && !other.slice(stem.length).includes('.'));
  if (numbered.has(id)) retired.push(numbered.get(id));
  numbered.set(id, `${stem}${siblings.length + 1}`);
}

/** Adds several tasks in one go; `^1` is the first of them. */
function addAll(tasks) {
  const first = named.size;
  const whole = tasks.map(({ depends_on = [], ...fields }) =>
    add({ ...fields, ...(depends_on.length > 0 && { depends_on: depends_on.map(id => first + Number(id.slice(1))) }) }),
  );
  const calls = whole.flatMap(({ memory }) => memory);
  const merged = (tool, key) => {
    const items = calls.filter(([name]) => name === tool).flatMap(([, args]) => args[key]);
    return items.length > 0 ? [[tool, { [key]: items }]] : [];
  };
  return {
    taskhold: [['add_task', { tasks }]],
    backlog: whole.flatMap(({ backlog }) => backlog),
    memory: [...merged('create_entities', 'entities'), ...merged('create_relations', 'relations')],
  };
}

/** Changes a task: `fields` in taskhold's words. */
function update(id, fields) {
  const name = named.get(id);
  const before = facts.get(id);
  const gone = [];
  const told = [];
  for (const [kind, value] of Object.entries(fields)) {
    if (kind === 'depends_on' || kind === 'parent') continue;
    if (before.has(kind) && kind !== 'comment') gone.push(before.get(kind));
    const [, text] = fact([kind, value]);
    before.set(kind, text);
    told.push(text);
  }
  const relations = (fields.depends_on ?? []).map(to => ({ from: name, to: named.get(to), relationType: 'depends on' }));
  if (fields.parent) relations.push({ from: name, to: named.get(fields.parent), relationType: 'is part of' });
  return {
    taskhold: [['update_task', { task_id: id, ...fields }]],
    backlog: [['task_edit', { id: numbered.get(id), ...inBacklog(fields) }]],
    memory: [
      ...(gone.length > 0 ? [['delete_observations', { deletions: [{ entityName: name, observations: gone }] }]] : []),
      ...(told.length > 0 ? [['add_observations', { observations: [{ entityName: name, contents: told }] }]] : []),
      ...(relations.length > 0 ? [['create_relations', { relations }]] : []),
    ],
  };
}

function complete(...ids) {
  const each = ids.map(id => update(id, { status: 'completed' }));
  const merged = (tool, key) => [tool, { [key]: each.flatMap(({ memory }) => memory.find(([name]) => name === tool)[1][key]) }];
  return {
    taskhold: [['complete_task', { task_id: ids.length === 1 ? ids[0] : ids }]],
    backlog: each.flatMap(({ backlog }) => backlog),
    memory: [merged('delete_observations', 'deletions'), merged('add_observations', 'observations')],
  };
}

function remove(id) {
  return {
    taskhold: [['delete_task', { task_id: id }]],
    backlog: [['task_archive', { id: numbered.get(id) }]],
    memory: [['delete_entities', { entityNames: [named.get(id)] }]],
  };
}

/** Takes the removal back. The others have no way back: the task is written again. */
function restore(id, fields) {
  number(id);
  const entity = { name: named.get(id), entityType: 'task', observations: [...facts.get(id).values()] };
  return {
    taskhold: [['undo', {}]],
    backlog: [['task_create', inBacklog({ title: named.get(id), ...fields })]],
    memory: [['create_entities', { entities: [entity] }]],
  };
}

function get(id) {
  return {
    taskhold: [['get_task', { task_id: id }]],
    backlog: [['task_view', { id: numbered.get(id) }]],
    memory: [['open_nodes', { names: [named.get(id)] }]],
  };
}

/**
 * Lists tasks: taskhold's filters, Backlog.md's (it has none for dates, and its list marks what is of high priority), and the word
 * to search for in the memory server, or nothing for all.
 */
function list(taskhold, backlog, word) {
  return {
    taskhold: [['list_tasks', taskhold]],
    backlog: [['task_list', backlog]],
    memory: [word ? ['search_nodes', { query: word }] : ['read_graph', {}]],
  };
}

function fact([kind, value]) {
  return [kind, kind === 'description' || kind === 'comment' ? value : `${kind}: ${value}`];
}

function inBacklog(fields) {
  const status = { in_progress: 'In Progress', completed: 'Done', pending: 'To Do' };
  const priority = { high: 'High', medium: 'Medium', low: 'Low' };
  const words = {
    title: value => ({ title: value }),
    description: value => ({ description: value }),
    due: value => ({ dueDate: value }),
    priority: value => ({ priority: priority[value] }),
    project: value => ({ milestone: value }),
    tags: value => ({ labels: value }),
    depends_on: value => ({ dependencies: value.map(id => numbered.get(id)) }),
    parent: value => ({ parentTaskId: numbered.get(value) }),
    status: value => ({ status: status[value] }),
    comment: value => ({ commentsAppend: [value] }),
  };
  return Object.assign({}, ...Object.entries(fields).map(([kind, value]) => words[kind](value)));
}

/** Returns the operations, anew for each run. */
export function operations() {
  for (const known of [named, numbered, facts]) known.clear();
  retired.length = 0;
  return [
    list({}, {}),
    add({ title: 'Pay the electricity bill', due: date(2), priority: 'high' }),
    add({ title: 'Buy milk, eggs and bread' }),
    add({ title: 'Book a table at the Thai place', due: date(4), tags: ['phone'] }),
    add({ title: 'Write the release notes', project: 'Launch', description: 'Two pages; mention the new import.' }),
    add({ title: 'Fix login timeout on the staging server', project: 'Launch', priority: 'high' }),
    addAll([
      { title: 'Freeze the code', project: 'Launch', due: date(6) },
      { title: 'Test the release candidate', project: 'Launch', depends_on: ['^1'] },
      { title: 'Publish the release', project: 'Launch', depends_on: ['^2'], priority: 'high' },
    ]),
    add({ title: 'Call the dentist about the crown', tags: ['phone', 'health'], due: date(1) }),
    list({ project: 'Launch' }, { milestone: 'Launch' }, 'project: Launch'),
    update(5, { status: 'in_progress' }),
    add({ title: 'Order new tyres for the bike', due: date(9) }),
    complete(2),
    update(1, { due: date(3) }),
    get(4),
    update(4, { description: 'Two pages; mention the new import, the fixed login and the daemon.' }),
    add({ title: 'Read the chapter on error handling', tags: ['reading'] }),
    add({ title: 'Plan the trip to Lisbon', project: 'Trip', due: date(20) }),
    add({ title: 'Compare flights to Lisbon', project: 'Trip', parent: 12 }),
    add({ title: 'Ask Anna for the key of her flat', project: 'Trip', parent: 12, tags: ['phone'] }),
    list({ tag: 'phone' }, { labels: ['phone'] }, 'phone'),
    update(9, { comment: 'They call back on Monday morning; ask for Dr Weber.' }),
    complete(1),
    get(12),
    update(13, { priority: 'high', due: date(5) }),
    add({ title: 'Send the invoice to Miller & Sons', project: 'Acme', due: date(0), priority: 'high' }),
    add({ title: 'Review the contract with Miller & Sons', project: 'Acme', due: date(7) }),
    update(16, { depends_on: [15] }),
    complete(15),
    list({ priority: 'high' }, {}, 'priority: high'),
    update(5, { comment: 'The proxy cuts idle connections after 30 s.' }),
    complete(5),
    add({ title: 'Tell the support team about the login fix', project: 'Launch', due: date(1) }),
    get(5),
    update(10, { tags: ['bike', 'errand'] }),
    list({ due_before: date(8) }, {}, 'due: '),
    add({ title: "Find a gift for mum's birthday", due: date(12), priority: 'medium' }),
    update(18, { title: "Order the cookery book for mum's birthday" }),
    remove(11),
    restore(11, { tags: ['reading'] }),
    complete(3, 9),
    list({ query: 'lisbon' }, { search: 'lisbon' }, 'Lisbon'),
    update(6, { status: 'in_progress', due: date(7) }),
    complete(6),
    get(7),
    add({ title: 'Clean the gutters before it rains', due: date(3), priority: 'low', tags: ['house'] }),
    update(14, { project: 'Home' }),
    remove(10),
    list({ view: 'completed' }, { status: 'Done' }, 'status: completed'),
    get(16),
    list({}, {}),
  ];
}
