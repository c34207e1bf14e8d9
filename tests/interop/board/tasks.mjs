// Tasks to look at: a household and some work, many, and such as somebody might write who means harm or merely writes much.

/** Lines of quick words, and the words of commands that follow. */
export const DAILY = [
  'Pay rent due:tomorrow +home project:Flat !high repeat:monthly',
  'Call the dentist due:yesterday +phone !high',
  'Send the November invoice to the accountant due:today project:Work',
  'Review the release notes before they go out, and check every link due:today +deep project:Work',
  'Book train tickets due:"in 6 days" project:Offsite !medium',
  'Draft the proposal for the spring project due:"in 12 days" project:Work',
  'Buy paint project:Flat +errand',
  'Paint the hallway project:Flat after:7 due:"in 9 days"',
  'Water the plants due:"today 18:00" +home repeat:weekly',
  'Renew the passport due:"in 30 days"',
  'Sort the holiday photos !low',
  'Choose a colour parent:8',
  'Measure the walls parent:8',
  'Return the library books due:"in 2 days" +errand',
  'Plan the offsite agenda project:Offsite',
  'Empty the dishwasher +home',
  'Answer the survey project:Work',
];

/** Fills a database with the tasks of a few weeks: some begun, some done, one with a description and comments. */
export async function fillDaily(daemon) {
  await daemon.add(...DAILY);
  await daemon.shell('start', '4');
  await daemon.shell('start', '15');
  await daemon.shell('edit', '8', 'desc:Two coats. The ceiling stays white.');
  await daemon.shell('comment', '8', 'The blue one is sold out until Thursday');
  await daemon.shell('done', '13', '16', '17');
}

/** Returns `count` open tasks as lines of todo.txt: half of them dated, over three months. */
export function many(count) {
  const verbs = ['Buy', 'Call', 'Write', 'Fix', 'Plan', 'Review', 'Send', 'Book', 'Clean', 'Draft', 'Test'];
  const things = ['milk', 'dentist', 'release notes', 'login page', 'offsite', 'pull request', 'invoice', 'garage', 'proposal', 'passport', 'photos', 'servers', 'garden'];
  const today = Date.now();
  return Array.from({ length: count }, (_, at) => {
    const due = at % 2 ? ` due:${new Date(today + ((at * 7) % 90) * 86_400_000).toISOString().slice(0, 10)}` : '';
    const priority = at % 3 ? '' : `(${'ABC'[at % 4] ?? 'A'}) `;
    return `${priority}${verbs[at % verbs.length]} ${things[at % things.length]} ${at} +${['home', 'work', 'garden'][at % 3]} @${['errand', 'phone', 'deep', 'mail'][at % 4]}${due}`;
  });
}

export const MARKUP = '<img src=x onerror=alert(1)><script>document.title="taken"</script>';
/** Written from right to left, with brackets that mirror. */
export const ARABIC = 'مرحبا (بالعالم) 2026';
