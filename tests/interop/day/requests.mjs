// An ordinary day: thirty sentences of one person, the calls with which a sensible model serves each, and what is true
// afterwards. The day is the same for every release and every server beside it; ids are those that a new database gives.
//
// - `calls`: what a model calls in taskhold. Where an ability is newer than the first release, `since` names the argument (or the
//   value of it) by which the server offers it, and `before` are the calls without it. `or` are the calls after a refusal.
// - `holds`: throws unless what was asked for was done or answered. `told` is all that the model read for this sentence.
// - `backlog`: the same through Backlog.md, and `lacks`: what of the sentence its tools cannot serve, if anything.

import { deepStrictEqual as same, match, doesNotMatch, ok } from 'node:assert';

const DAY_MS = 86_400_000;

/** The date so many days from now; the servers keep UTC. */
export function date(days) {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
}

/** The days from now to the next Tuesday, which is never today. */
function untilTuesday() {
  return ((2 - new Date().getUTCDay() + 6) % 7) + 1;
}

function day(task) {
  return task.due.slice(0, 10);
}

/** Returns the sentences, with the dates of today. */
export function requests() {
  return [
    {
      says: 'What is on my list?',
      calls: [['list_tasks', {}]],
      holds: async (see, told) => match(told, /\b0 open/),
      backlog: [['task_list', {}]],
    },
    {
      says: 'Remind me to pay the rent: it is due in two days, and it is important.',
      calls: [['add_task', { title: 'Pay the rent', due: 'in 2 days', priority: 'high' }]],
      holds: async see => {
        const { title, due, priority, status } = await see.task(1);
        same({ title, due, priority, status }, { title: 'Pay the rent', due: date(2), priority: 'high', status: 'pending' });
      },
      backlog: [['task_create', { title: 'Pay the rent', dueDate: date(2), priority: 'High' }]],
    },
    {
      says: 'Errands: milk, a birthday card for Jo, and stamps.',
      calls: [
        [
          'add_task',
          {
            tasks: [
              { title: 'Buy milk', tags: ['errand'] },
              { title: 'Buy a birthday card for Jo', tags: ['errand'] },
              { title: 'Buy stamps', tags: ['errand'] },
            ],
          },
        ],
      ],
      holds: async (see, told) => {
        same(await see.ids({ tag: 'errand' }), [2, 3, 4]);
        // Each by its number, or all by the first and the last.
        match(told, /\b2\b.*\b4\b/s);
      },
      backlog: [
        ['task_create', { title: 'Buy milk', labels: ['errand'] }],
        ['task_create', { title: 'Buy a birthday card for Jo', labels: ['errand'] }],
        ['task_create', { title: 'Buy stamps', labels: ['errand'] }],
      ],
    },
    {
      says: 'The bins have to go out every Tuesday at seven in the evening.',
      calls: [['add_task', { title: 'Take the bins out', due: 'tue 19:00', repeat: 'every tuesday' }]],
      holds: async see => {
        const task = await see.task(5);
        same([day(task), new Date(task.due).getUTCHours()], [date(untilTuesday()), 19]);
        ok(task.repeat);
      },
      backlog: [['task_create', { title: 'Take the bins out', description: 'Every Tuesday at 19:00', dueDate: date(untilTuesday()) }]],
      lacks: 'it knows no series and no time of day',
    },
    {
      says: 'We launch the new site in ten days. One after another: write the copy, have Ada check it, deploy, tell the customers.',
      calls: [
        [
          'add_task',
          {
            tasks: [
              { title: 'Launch the new site', due: 'in 10 days', project: 'Website' },
              { title: 'Write the copy', project: 'Website', parent: '^1' },
              { title: 'Have Ada check the copy', project: 'Website', parent: '^1', depends_on: ['^2'] },
              { title: 'Deploy the site', project: 'Website', parent: '^1', depends_on: ['^3'] },
              { title: 'Tell the customers', project: 'Website', parent: '^1', depends_on: ['^4'] },
            ],
          },
        ],
      ],
      holds: async see => {
        same((await see.task(6)).due, date(10));
        const steps = await Promise.all([7, 8, 9, 10].map(see.task));
        same(steps.map(({ parent, depends_on }) => [parent, depends_on ?? []]), [[6, []], [6, [7]], [6, [8]], [6, [9]]]);
        same((await see.ids({ project: 'Website' })).length, 5);
      },
      backlog: [
        ['task_create', { title: 'Launch the new site', dueDate: date(10), milestone: 'Website' }],
        ['task_create', { title: 'Write the copy', milestone: 'Website', parentTaskId: 'TASK-6' }],
        ['task_create', { title: 'Have Ada check the copy', milestone: 'Website', parentTaskId: 'TASK-6', dependencies: ['TASK-6.1'] }],
        ['task_create', { title: 'Deploy the site', milestone: 'Website', parentTaskId: 'TASK-6', dependencies: ['TASK-6.2'] }],
        ['task_create', { title: 'Tell the customers', milestone: 'Website', parentTaskId: 'TASK-6', dependencies: ['TASK-6.3'] }],
      ],
    },
    {
      says: 'What of it can I start on?',
      calls: [['list_tasks', { view: 'ready', project: 'Website' }]],
      holds: async (see, told) => {
        match(told, /^7 Write the copy/m);
        doesNotMatch(told, /^(8|9|10) /m);
      },
      backlog: [['task_list', { ready: true, milestone: 'Website' }]],
    },
    {
      says: 'I am on the copy now.',
      calls: [['update_task', { task_id: 7, status: 'in_progress' }]],
      holds: async see => same((await see.task(7)).status, 'in_progress'),
      backlog: [['task_edit', { id: 'TASK-6.1', status: 'In Progress' }]],
    },
    {
      says: 'I must call the dentist about the crown tomorrow.',
      calls: [['add_task', { title: 'Call the dentist about the crown', due: 'tomorrow', tags: ['phone'] }]],
      holds: async see => same((await see.task(11)).due, date(1)),
      backlog: [['task_create', { title: 'Call the dentist about the crown', dueDate: date(1), labels: ['phone'] }]],
    },
    {
      says: 'The dentist just phoned. Note: they need the X-ray of last year, and the nurse is called Weber.',
      calls: [['update_task', { task_id: 11, comment: 'Phoned: they need the X-ray of last year; the nurse is called Weber.' }]],
      holds: async see => match((await see.task(11)).comments[0].text, /X-ray/),
      backlog: [
        ['task_edit', { id: 'TASK-7', commentsAppend: ['Phoned: they need the X-ray of last year; the nurse is called Weber.'] }],
      ],
    },
    {
      says: 'I got the milk and the stamps.',
      calls: [['complete_task', { task_id: [2, 4] }]],
      holds: async see => same(await see.ids({ tag: 'errand' }), [3]),
      backlog: [
        ['task_edit', { id: 'TASK-2', status: 'Done' }],
        ['task_edit', { id: 'TASK-4', status: 'Done' }],
      ],
    },
    {
      says: 'No, not the stamps: they lie on the counter of the shop.',
      calls: [['update_task', { task_id: 4, status: 'pending' }]],
      holds: async see => same(await see.ids({ tag: 'errand' }), [3, 4]),
      backlog: [['task_edit', { id: 'TASK-4', status: 'To Do' }]],
    },
    {
      says: 'Forget the birthday card, I draw one.',
      calls: [['delete_task', { task_id: 3 }]],
      holds: async see => same(await see.ids({ tag: 'errand' }), [4]),
      backlog: [['task_archive', { id: 'TASK-3' }]],
    },
    {
      says: 'I cannot draw. Take that back.',
      calls: [['undo', {}]],
      holds: async see => {
        same(await see.ids({ tag: 'errand' }), [3, 4]);
        same((await see.task(3)).title, 'Buy a birthday card for Jo');
      },
      backlog: [['task_create', { title: 'Buy a birthday card for Jo', labels: ['errand'] }]],
      lacks: 'an archived task does not come back: a new one is written, without its history',
    },
    {
      // A day includes itself: the rent is due on that day.
      says: 'What is due up to the day after tomorrow?',
      calls: [['list_tasks', { due_before: 'in 2 days' }]],
      holds: async (see, told) => {
        match(told, /^11 Call the dentist/m);
        match(told, /^1 Pay the rent/m);
        doesNotMatch(told, /^6 /m);
      },
      backlog: [['task_list', {}]],
    },
    {
      says: 'The rent is paid.',
      calls: [['complete_task', { task_id: 1 }]],
      holds: async see => {
        const { status, completed_at } = await see.task(1);
        same([status, completed_at.slice(0, 10)], ['completed', date(0)]);
      },
      backlog: [['task_edit', { id: 'TASK-1', status: 'Done' }]],
    },
    {
      says: 'The launch moves by a week.',
      calls: [['update_task', { task_id: 6, due: date(17) }]],
      holds: async see => same((await see.task(6)).due, date(17)),
      backlog: [['task_edit', { id: 'TASK-6', dueDate: date(17) }]],
    },
    {
      says: 'Plan the offsite for me: find a place, book the train, write the agenda.',
      calls: [
        [
          'add_task',
          {
            tasks: [
              { title: 'Plan the offsite', project: 'Team' },
              { title: 'Find a place for the offsite', project: 'Team', parent: '^1' },
              { title: 'Book the train to the offsite', project: 'Team', parent: '^1', tags: ['travel'] },
              { title: 'Write the agenda of the offsite', project: 'Team', parent: '^1' },
            ],
          },
        ],
      ],
      holds: async see => same((await Promise.all([13, 14, 15].map(see.task))).map(({ parent }) => parent), [12, 12, 12]),
      backlog: [
        ['task_create', { title: 'Plan the offsite', milestone: 'Team' }],
        ['task_create', { title: 'Find a place for the offsite', milestone: 'Team', parentTaskId: 'TASK-9' }],
        ['task_create', { title: 'Book the train to the offsite', milestone: 'Team', parentTaskId: 'TASK-9', labels: ['travel'] }],
        ['task_create', { title: 'Write the agenda of the offsite', milestone: 'Team', parentTaskId: 'TASK-9' }],
      ],
    },
    {
      says: 'We have a place: the mill at Haslach. Note it, and tick it off.',
      calls: [['update_task', { task_id: 13, status: 'completed', comment: 'It is the mill at Haslach.' }]],
      holds: async see => {
        const { status, comments } = await see.task(13);
        same([status, comments[0].text], ['completed', 'It is the mill at Haslach.']);
      },
      backlog: [['task_edit', { id: 'TASK-9.1', status: 'Done', commentsAppend: ['It is the mill at Haslach.'] }]],
    },
    {
      says: 'The copy is done. What does that make possible?',
      calls: [['complete_task', { task_id: 7 }]],
      holds: async (see, told) => match(told, /\b8\b/),
      backlog: [
        ['task_edit', { id: 'TASK-6.1', status: 'Done' }],
        ['task_list', { ready: true, milestone: 'Website' }],
      ],
    },
    {
      says: 'Deploying and telling the customers are risky: tag them.',
      calls: [['update_task', { task_id: [9, 10], tags: ['risky'] }]],
      holds: async see => same(await see.ids({ tag: 'risky' }), [9, 10]),
      backlog: [
        ['task_edit', { id: 'TASK-6.3', labels: ['risky'] }],
        ['task_edit', { id: 'TASK-6.4', labels: ['risky'] }],
      ],
    },
    {
      says: 'Which projects do I have, and which tags?',
      since: ['list_tasks', 'view', 'projects'],
      calls: [
        ['list_tasks', { view: 'projects' }],
        ['list_tasks', { view: 'tags' }],
      ],
      before: [['list_tasks', { view: 'all', limit: 200 }]],
      holds: async (see, told) => {
        for (const name of ['Website', 'Team', 'errand', 'phone', 'travel', 'risky']) ok(told.includes(name), `${name} is not named`);
      },
      backlog: [['milestone_list', {}]],
      lacks: 'no call names the labels, and its lists show none',
    },
    {
      says: 'The bins are out.',
      calls: [['complete_task', { task_id: 5 }]],
      holds: async see => {
        const task = await see.task(5);
        same([day(task), task.status], [date(untilTuesday() + 7), 'pending']);
      },
      backlog: [['task_edit', { id: 'TASK-5', dueDate: date(untilTuesday() + 7), commentsAppend: ['Done for this week.'] }]],
      lacks: 'it knows no series: the model sets the next date, and no round counts as done',
    },
    {
      says: 'The agenda can wait: I do not want to see it for a month.',
      calls: [['update_task', { task_id: 15, defer_until: 'in 30 days' }]],
      holds: async see => {
        same((await see.task(15)).defer_until, date(30));
        ok(!(await see.ids({ view: 'ready' })).includes(15));
      },
      backlog: [['task_edit', { id: 'TASK-9.3', status: 'Draft' }]],
      lacks: 'nothing can be put off to a date',
    },
    {
      says: 'The plants need water three days after I last watered them, so tomorrow.',
      calls: [['add_task', { title: 'Water the plants', due: 'tomorrow', repeat: 'every 3 days after completion' }]],
      or: [['add_task', { title: 'Water the plants', due: 'tomorrow', repeat: 'every 3 days' }]],
      holds: async see => {
        const { title, due, repeat } = await see.task(16);
        same([title, due], ['Water the plants', date(1)]);
        ok(repeat);
      },
      backlog: [['task_create', { title: 'Water the plants', dueDate: date(1), description: 'Again three days after it was last done' }]],
      lacks: 'it knows no series',
    },
    {
      // The round after it is three days from today, not from tomorrow.
      says: 'I watered them today already.',
      calls: [['complete_task', { task_id: 16 }]],
      holds: async see => same((await see.task(16)).due, date(3)),
      backlog: [['task_edit', { id: 'TASK-10', dueDate: date(3) }]],
      lacks: 'it knows no series: the model sets the next date, and no round counts as done',
    },
    {
      says: 'It is not "tell" but "mail the customers", and that belongs to Sales.',
      calls: [['update_task', { task_id: 10, title: 'Mail the customers', project: 'Sales' }]],
      holds: async see => {
        const { title, project, tags, depends_on } = await see.task(10);
        same([title, project, tags, depends_on], ['Mail the customers', 'Sales', ['risky'], [9]]);
      },
      backlog: [['task_edit', { id: 'TASK-6.4', title: 'Mail the customers', milestone: 'Sales' }]],
    },
    {
      says: 'When do I call the dentist, and what was I to bring?',
      calls: [['get_task', { task_id: 11 }]],
      holds: async (see, told) => {
        match(told, /X-ray/);
        ok(told.includes(date(1)), 'the date is not told');
      },
      backlog: [['task_view', { id: 'TASK-7' }]],
    },
    {
      says: 'Ada has checked the copy. No, that was a mistake, she has not: take it back.',
      calls: [
        ['complete_task', { task_id: 8 }],
        ['undo', {}],
      ],
      holds: async see => {
        const { status, completed_at } = await see.task(8);
        same([status, completed_at], ['pending', undefined]);
      },
      backlog: [
        ['task_edit', { id: 'TASK-6.2', status: 'Done' }],
        ['task_edit', { id: 'TASK-6.2', status: 'To Do' }],
      ],
    },
    {
      says: 'What did I finish this week?',
      since: ['list_tasks', 'completed_after'],
      calls: [['list_tasks', { view: 'completed', completed_after: date(-6) }]],
      before: [['list_tasks', { view: 'completed' }]],
      holds: async (see, told) => {
        for (const title of ['Buy milk', 'Pay the rent', 'Find a place', 'Write the copy', 'Take the bins out', 'Water the plants']) {
          ok(told.includes(title), `"${title}" is not told`);
        }
        ok([date(0), date(0).slice(5)].some(today) || / today\b/.test(told), 'no line tells when');

        function today(words) {
          return told.split('\n').slice(1).some(line => line.includes(words));
        }
      },
      backlog: [['task_list', { status: 'Done' }]],
      lacks: 'nothing tells when a task was finished, and finished rounds are nowhere',
    },
    {
      says: 'So what is left for me now?',
      calls: [['list_tasks', {}]],
      holds: async (see, told) => {
        for (const id of [3, 4, 5, 6, 8, 9, 10, 11, 14, 16]) match(told, new RegExp(`^${id} `, 'm'));
        doesNotMatch(told, /^(1|2|7|13|15) /m);
        // What is done keeps nothing waiting.
        doesNotMatch(told, /after 7\b/);
      },
      backlog: [['task_list', {}]],
    },
  ];
}
