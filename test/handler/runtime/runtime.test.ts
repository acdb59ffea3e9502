import { logger } from '../../../src/handler/runtime/log';
import { during, lambdaRuntime } from '../../../src/handler/runtime/runtime';
import { Simulation } from '../../guard/handler/simulation';

const REQUEST = { method: 'GET', url: 'https://api.ecr.eu-west-1.amazonaws.com/x', headers: {}, timeoutMs: 1 } as const;

describe('the runtime of a request', () => {
  test('counts the requests', async () => {
    const { aws, runtime, sent } = started();
    await aws.clock.until(Promise.all([runtime.send(REQUEST), runtime.send(REQUEST)]));

    expect(sent()).toBe(2);
  });

  test('sends, prints, and waits for nothing after the request is over', async () => {
    const { aws, runtime, sent, over } = started();
    const asleep = runtime.clock.sleep(60_000);
    over.abort();
    runtime.print('late');

    await expect(asleep).rejects.toThrow('aborted');
    await expect(runtime.send(REQUEST)).rejects.toThrow(/abort/);
    expect({ sent: sent(), calls: aws.calls, lines: aws.lines }).toEqual({ sent: 0, calls: [], lines: [] });
  });

  test('abandons pending AWS calls at the cut-off', async () => {
    const { aws, runtime, sent } = started();
    aws.outage.registry = { kind: 'hang' };
    const patient = { ...REQUEST, timeoutMs: 60_000 };

    await expect(aws.clock.until(runtime.send(patient))).rejects.toThrow('no answer in 10000 ms');
    await expect(runtime.send(patient)).rejects.toThrow('no time is left for a request');
    expect(sent()).toBe(1);
  });

  test('otherwise equals the given runtime', () => {
    const { aws, runtime } = started();
    runtime.print('in time');

    expect(aws.lines).toEqual(['in time']);
    expect(runtime.clock.now()).toBe(aws.clock.now());
    expect([runtime.random, runtime.env]).toEqual([aws.random, aws.env]);
  });
});

describe('the runtime of Lambda', () => {
  test('sleeps until it is awakened', async () => {
    const over = new AbortController();
    const asleep = lambdaRuntime.clock.sleep(60_000, over.signal);
    over.abort();

    await expect(asleep).rejects.toThrow(/abort/);
    await expect(lambdaRuntime.clock.sleep(1)).resolves.toBeUndefined();
  });

  test('knows the time', () => {
    expect(Math.abs(lambdaRuntime.clock.now() - Date.now())).toBeLessThan(1_000);
  });
});

test('each log line is written as JSON with the context and without secrets', () => {
  const lines: string[] = [];
  const log = logger((line) => lines.push(line), (text) => text.replaceAll('secret', '…'), { requestId: 'r' });
  log('warn', 'a secret', { error: 'the secret\n' });
  log('info', 'nothing');

  expect(lines).toEqual([
    '{"level":"warn","message":"a …","requestId":"r","error":"the …\\n"}',
    '{"level":"info","message":"nothing","requestId":"r"}',
  ]);
});

function started() {
  const aws = new Simulation();
  const over = new AbortController();
  return { aws, over, ...during(aws, over.signal, aws.clock.now() + 10_000) };
}
