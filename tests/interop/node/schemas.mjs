// What a schema of a tool may be so that every host can carry it, and whether another program still has all of it.

import { readFile } from 'node:fs/promises';

const KEYWORDS = new Set(['type', 'description', 'title', 'enum', 'items', 'properties', 'required', 'minimum', 'maximum', 'format']);
const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object']);
const FORMATS = { string: ['enum', 'date-time'], integer: ['int32', 'int64'], number: ['float', 'double'] };

/**
 * Says why Gemini's API refuses a schema of a function declaration, or returns nothing. A refused one is an error for every prompt
 * of the user, not only for a call of the tool.
 */
export function refusedByGemini(schema, where = 'the schema') {
  const { type, items, properties, format } = schema;
  const unknown = Object.keys(schema).find(keyword => !KEYWORDS.has(keyword));
  if (unknown) return `${where} has ${unknown}`;
  if (typeof type !== 'string' || !TYPES.has(type.toLowerCase())) return `${where} has the type ${JSON.stringify(type)}`;
  const kind = type.toLowerCase();
  if (format && !FORMATS[kind]?.includes(format)) return `${where} has the format ${format}`;
  if (schema.enum && kind !== 'string') return `${where} has an enum of ${kind}s`;
  if (schema.enum?.some(value => typeof value !== 'string' || value === '')) return `${where} has an empty value in its enum`;
  if (kind === 'array') return items ? refusedByGemini(items, `${where}[]`) : `${where} is an array without items`;
  if (kind !== 'object') return items || properties ? `${where} is no array and no object, but has parts` : undefined;
  if (Object.keys(properties ?? {}).length === 0) return `${where} is an object without properties`;
  const missing = schema.required?.find(name => !(name in properties));
  if (missing) return `${where} requires ${missing}, which is none of its properties`;
  for (const [name, part] of Object.entries(properties)) {
    const refused = refusedByGemini(part, `${where}.${name}`);
    if (refused) return refused;
  }
  return undefined;
}

/** Says what of our schema did not arrive in another program's, or returns nothing. */
export function lost(ours, theirs, where = 'the schema') {
  if (typeof theirs !== 'object' || theirs === null) return `${where} did not arrive`;
  if (typeof ours.type !== 'string') return `${where} has no single type`;
  if (String(theirs.type).toLowerCase() !== ours.type) return `${where} was ${ours.type} and is ${JSON.stringify(theirs.type)}`;
  if (ours.description !== theirs.description) return `${where} lost its description`;
  if (ours.enum && JSON.stringify(ours.enum) !== JSON.stringify(theirs.enum)) return `${where} lost its enum`;
  if (ours.type === 'array') return lost(ours.items ?? {}, theirs.items, `${where}[]`);
  for (const [name, part] of Object.entries(ours.properties ?? {})) {
    const gone = lost(part, theirs.properties?.[name], `${where}.${name}`);
    if (gone) return gone;
  }
  const optional = (ours.required ?? []).find(name => !theirs.required?.includes(name));
  return optional && `${where} no longer requires ${optional}`;
}

/** A tool of the right shape, and what is wrong with it after a change: a check that cannot fail says nothing. */
export const SAMPLE = JSON.parse(await readFile(new URL('../sample-tool.json', import.meta.url), 'utf8'));

export const FAULTS = [
  ['a list of types', ({ properties }) => (properties.task_id.type = ['integer', 'string'])],
  ['a list of types with items', ({ properties }) => (properties.task_ids.type = ['integer', 'array'])],
  ['a list of types in items', ({ properties }) => (properties.depends_on.items.type = ['integer', 'string'])],
  ['an array without items', ({ properties }) => delete properties.task_ids.items],
  ['an object without properties', ({ properties }) => (properties.tasks.items = { type: 'object', additionalProperties: true })],
  ['additionalProperties', schema => (schema.additionalProperties = false)],
  ['a union', ({ properties }) => (properties.parent = { anyOf: [{ type: 'string' }, { type: 'integer' }] })],
  ['a reference', ({ properties }) => (properties.parent = { $ref: '#/$defs/id' })],
  ['a default', ({ properties }) => (properties.parent.default = '')],
  ['a format', ({ properties }) => (properties.task_id.format = 'uint32')],
  ['an enum of numbers', ({ properties }) => (properties.task_id.enum = [1, 2])],
  ['a required field that is none', schema => (schema.required = ['titel'])],
];
