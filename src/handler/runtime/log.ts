import { Redact } from './redaction';

export type Level = 'info' | 'warn' | 'error';
export type Log = (level: Level, message: string, fields?: object) => void;

/** Writes one line of JSON per event. CloudWatch Logs Insights discovers its fields. */
export function logger(print: (line: string) => void, redact: Redact, context: object): Log {
  return (level, message, fields) => print(redact(JSON.stringify({ level, message, ...context, ...fields })));
}
