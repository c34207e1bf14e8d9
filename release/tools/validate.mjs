// Holds JSON and YAML files against a JSON Schema (draft 7): validate.mjs SCHEMA FILE...

import { readFile } from 'node:fs/promises';
import Ajv from 'ajv';
import formats from 'ajv-formats';
import { parse } from 'yaml';

const [schema, ...files] = process.argv.slice(2);
const read = async (file) => (file.endsWith('.yaml') ? parse : JSON.parse)(await readFile(file, 'utf8'));
const ajv = new Ajv({ allErrors: true });
formats(ajv);
const validate = ajv.compile(await read(schema));
for (const file of files) {
  if (validate(await read(file))) continue;
  for (const { instancePath, message, params } of validate.errors) {
    console.error(`${file}: ${instancePath || 'the file'} ${message} ${JSON.stringify(params)}`);
  }
  process.exitCode = 1;
}
