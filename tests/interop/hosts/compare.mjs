// Holds an answer, as the model got it, against what the script expects of it.

/** Returns what does not hold: nothing where the answer is as expected. */
export function faults({ tasks = [], has = [], lacks = [], refused }, answer) {
  if (!answer || answer.missing) return [`no answer: ${answer?.missing ?? 'the call was never made'}`];
  const { text, failed } = answer;
  const found = [];
  if (refused) {
    if (failed === false) found.push('it is no error');
    if (!refused.test(text)) found.push(`it does not match ${refused}`);
    return found;
  }
  if (failed) found.push('it is an error');
  const objects = objectsIn(text);
  for (const task of tasks) {
    if (!objects.some(object => fits(object, task)) && !isInALine(text, task)) found.push(`no task ${JSON.stringify(task)}`);
  }
  for (const pattern of has) if (!pattern.test(text)) found.push(`it does not match ${pattern}`);
  for (const pattern of lacks) if (pattern.test(text)) found.push(`it matches ${pattern}`);
  return found;
}

/** Every object in a text that is JSON, or that has JSON in one of its lines. */
export function objectsIn(text) {
  const found = [];
  const walk = value => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (value && typeof value === 'object') {
      found.push(value);
      Object.values(value).forEach(walk);
    }
  };
  for (const part of [text, ...text.split('\n')]) {
    const value = parsed(part.trim());
    walk(value);
    if (value !== undefined && part === text) break;
  }
  return found;
}

function parsed(text) {
  try {
    return /^[{[]/.test(text) ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function fits(object, { id, ...fields }) {
  return (object.id ?? object.task_id) === id && Object.entries(fields).every(([name, value]) => object[name] === value);
}

/** A line names the task by its id and title; of its status it says nothing where that is pending. */
function isInALine(text, { id, title = '', status = 'pending' }) {
  const named = new RegExp(`(^|[^\\w-])#?${id}\\b`);
  const stated = status === 'pending' ? /^/ : new RegExp(status.replace('_', '[ _]'), 'i');
  return text.split('\n').some(line => named.test(line) && line.includes(title) && stated.test(line));
}


/**
 * Holds the answer against what the server said: `result` is that of a client without a host. Hosts show the model one of
 * its two forms, 'content' or, where there is one, 'structured'.
 */
export function changed(result, form, text) {
  const content = result.content.map(part => part.text ?? JSON.stringify(part)).join('\n');
  const said = form === 'structured' && result.structuredContent ? JSON.stringify(result.structuredContent) : content;
  const [expected, actual] = [normalised(said), normalised(text)];
  return expected === actual ? [] : [`the server had said ${expected}`];
}

/** Without what differs from run to run: times, news of others (sessions begin in another order), the order of fields. */
function normalised(text) {
  const value = parsed(text.trim());
  if (value) return timeless(JSON.stringify(sorted(value)));
  return timeless(text.trim().replace(/\n[^\n]*since your last (call|session)[^\n]*$/, ''));
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const names = Object.keys(value).filter(name => name !== 'news').sort();
  return Object.fromEntries(names.map(name => [name, sorted(value[name])]));
}

function timeless(text) {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, 'TIME')
    .replace(/^[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d/gm, 'NOW');
}
