import { Scrub } from './secrets';

export type Level = 'info' | 'warn' | 'error';
export type Log = (level: Level, message: string, fields?: object) => void;

/** One line of JSON per event, whose fields CloudWatch Logs Insights finds by itself. */
export function logger(print: (line: string) => void, scrub: Scrub, context: object): Log {
  return (level, message, fields) => print(scrub(JSON.stringify({ level, message, ...context, ...fields })));
}
