// An ordinary day of thirty sentences, played on the server: after each, what was asked for is done or answered.

import { dirname } from 'node:path';

import { Server } from '../day/server.mjs';
import { play } from '../day/play.mjs';
import { date } from '../day/requests.mjs';
import { check, expect, run, serverCommand, withTaskFile } from './support.mjs';

/** Sentences that no release serves in full yet. One that is served must leave this list. */
const PENDING = [];

async function start(binary, db) {
  const { command, args } = serverCommand(binary, db);
  return Server.start(command, args, { env: { HOME: dirname(db), TZ: 'UTC' } });
}

async function aDay(binary, db) {
  const server = await start(binary, db);
  // What is true is asked by another process, so that the questions are no part of the day.
  const other = await start(binary, db);
  const look = async (tool, args) => {
    const { text, isError, structured } = await other.call(tool, args);
    expect(!isError, `${tool} answered the error ${text}`);
    return structured;
  };
  const served = await play(server.tools, (tool, args) => server.call(tool, args), look);
  await Promise.all([server.stop(), other.stop()]);
  return served;
}

await run(async binary => {
  let began;
  let served;
  // A day that began before midnight and ended after it is no ordinary one.
  do {
    began = date(0);
    served = await withTaskFile(db => aDay(binary, db));
  } while (began !== date(0));
  for (const { says, otherwise } of served) {
    await check(`day: ${says}`, async () => {
      if (PENDING.includes(says)) expect(otherwise, 'it is served in full: take it out of PENDING');
      else expect(!otherwise, otherwise);
    });
  }
});
