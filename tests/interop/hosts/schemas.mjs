// What a host does to the tools on their way to the model.

import { isDeepStrictEqual } from 'node:util';

import { ends } from './model.mjs';

/** Lists how the declared tools differ from those of the server, less what `host.alters` says the host does to all. */
export function differences(tools, declared, host) {
  const found = [];
  for (const { name, description, inputSchema } of tools) {
    const tool = declared.find(other => ends(other.name, name));
    if (!tool) {
      found.push(`${name}: not declared`);
      continue;
    }
    if (tool.description !== description) found.push(`${name}: its description became ${JSON.stringify(tool.description)}`);
    walk(name, inputSchema, tool.schema, found);
  }
  return found.filter(difference => !(host.alters ?? []).some(known => known.test(difference)));
}

function walk(path, ours, theirs, found) {
  if (isDeepStrictEqual(ours, theirs)) return;
  if (!isObject(ours) || !isObject(theirs)) {
    found.push(`${path}: ${JSON.stringify(ours)} became ${JSON.stringify(theirs)}`);
    return;
  }
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    if (!(key in theirs)) found.push(`${path}.${key}: lost ${JSON.stringify(ours[key])}`);
    else if (!(key in ours)) found.push(`${path}.${key}: added ${JSON.stringify(theirs[key])}`);
    else walk(`${path}.${key}`, ours[key], theirs[key], found);
  }
}

const isObject = value => value !== null && typeof value === 'object' && !Array.isArray(value);
