// The script that the model plays in every host: 25 calls in four windows of one host, on one new database.
//
// "one" and "two" are two processes of the host that run side by side and start the server over stdio; "three" and "four"
// speak with one daemon over Streamable HTTP, on the same database.
//
// The answer of the host must be that of the server besides, as a client without a host gets it: see compare.mjs.
//
// Each call says what its answer must hold by substance, so that it outlives the wording of replies:
//
//   tasks    tasks that are in the answer: id, and any of title and status
//   has      what its text matches
//   lacks    what its text does not match
//   refused  what an error must name; without it, the answer must be no error
//
// What a host that sends no session gets instead stands under "stateless".

const numbers = count => Array.from({ length: count }, (_, index) => index + 1);
const errand = number => `Errand ${String(number).padStart(3, '0')}: carry the parcel to the post office in the old town`;

const ERRANDS = 160;
const FIRST_ERRAND = 8;

export const CALLS = [
  // A batch, with references to its own tasks.
  call('one', 'add_task', { title: 'Plan the launch', project: 'launch', priority: 'high', due: '2031-05-02' }, {
    tasks: [{ id: 1, title: 'Plan the launch' }],
  }),
  call('one', 'add_task', {
    tasks: [
      { title: 'Write the page', parent: '1' },
      { title: 'Review the page', parent: '#1', depends_on: ['^1'] },
      { title: 'Publish the page', depends_on: ['^2', '2'], tags: ['web'] },
    ],
  }, {
    // The numbers of all, in the order of the call.
    has: [/"2-4"/],
  }),
  call('one', 'get_task', { task_id: 3 }, {
    tasks: [{ id: 3, title: 'Review the page', status: 'pending' }],
    has: [/Plan the launch|"parent(_id)?":1\b/, /Write the page|"depends_on":\[2\]/],
  }),
  call('one', 'list_tasks', { view: 'ready' }, {
    tasks: [{ id: 2, title: 'Write the page' }],
    lacks: [/Review the page/, /Publish the page/],
  }),

  // Bad arguments. A host that checks arguments by the schema may answer in the server's stead.
  call('one', 'add_task', { titel: 'Print the flyer' }, { refused: /did you mean "?title/ }),
  call('one', 'add_task', { title: 'Print the flyer', due: 'someday maybe' }, { refused: /someday maybe.*is no date/s }),
  call('one', 'complete_task', { task_id: 'soon' }, { refused: /task_id must be (a whole number|integer)/ }),
  call('one', 'update_task', { task_id: 99, title: 'Nobody' }, { refused: /99.*not found/is }),

  // Work on what is there.
  call('one', 'complete_task', { task_id: 2 }, { tasks: [{ id: 2, status: 'completed' }] }),
  call('one', 'update_task', { task_id: 3, status: 'in_progress', due: '2031-04-30', comment: 'Half of it is read' }, {
    // What the call said is not said again.
    tasks: [{ id: 3, title: 'Review the page' }],
    has: [/Half of it is read/],
  }),
  call('one', 'get_task', { task_id: 3 }, {
    tasks: [{ id: 3, status: 'in_progress' }],
    has: [/2031-04-30/, /Half of it is read/],
  }),
  call('one', 'list_tasks', { tag: 'web', status: 'pending' }, {
    tasks: [{ id: 4, title: 'Publish the page' }],
    lacks: [/Review the page/],
  }),

  // Two windows of one host: each takes back its own last change.
  call('two', 'add_task', { title: 'Buy stamps' }, { tasks: [{ id: 5, title: 'Buy stamps' }] }),
  call('one', 'add_task', { title: 'Call the printer' }, { tasks: [{ id: 6, title: 'Call the printer' }] }),
  call('two', 'undo', {}, { has: [/Buy stamps/], lacks: [/Call the printer/] }),
  call('one', 'get_task', { task_id: 6 }, {
    tasks: [{ id: 6, title: 'Call the printer', status: 'pending' }],
    lacks: [/deleted_at/],
  }),
  call('two', 'add_task', { title: 'Pay the printer', key: 'printer-1' }, { tasks: [{ id: 7, title: 'Pay the printer' }] }),

  // A long list, read to its end by its cursor.
  call('two', 'add_task', { tasks: numbers(ERRANDS).map(number => ({ title: errand(number), project: 'errands' })) }, {
    has: [new RegExp(`\\b${FIRST_ERRAND}\\b`)],
  }),
  call('two', 'list_tasks', { project: 'errands', limit: 200 }, {
    tasks: [{ id: FIRST_ERRAND, title: errand(1) }, { id: FIRST_ERRAND + 50, title: errand(51) }],
    has: [/cursor/],
  }),
  call('two', 'list_tasks', answers => ({ project: 'errands', limit: 200, cursor: cursorOf(answers[18]) }), {
    tasks: [{ id: FIRST_ERRAND + ERRANDS - 1, title: errand(ERRANDS) }],
    lacks: [/Errand 001/],
  }),

  // The same two windows over HTTP, on the same database.
  call('three', 'get_task', { task_id: 3 }, { tasks: [{ id: 3, status: 'in_progress' }], has: [/Half of it is read/] }),
  call('three', 'add_task', { title: 'Water the plants', due: '2031-02-03', repeat: 'every week' }, {
    tasks: [{ id: 168, title: 'Water the plants' }],
  }),
  call('four', 'add_task', { title: 'Book the room' }, { tasks: [{ id: 169, title: 'Book the room' }] }),
  call('three', 'undo', {}, { has: [/Water the plants/], lacks: [/Book the room/] }, {
    // Nothing tells two windows apart that send no session, so that they are one caller.
    stateless: { has: [/Book the room/], lacks: [/Water the plants/] },
  }),
  call('four', 'delete_task', { task_ids: [4, 6] }, {
    tasks: [{ id: 4, title: 'Publish the page' }, { id: 6, title: 'Call the printer' }],
  }),
];

function call(window, tool, args, expected, { stateless = expected } = {}) {
  return { window, over: ['one', 'two'].includes(window) ? 'stdio' : 'http', tool, args, expected, stateless };
}

function cursorOf(answer) {
  return /cursor["': =`]+([A-Za-z0-9_.:/+=-]+)/.exec(answer?.text ?? '')?.[1];
}
