import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Origin } from './story';
import { CONTRACT_VERSION } from '../../../src/guard/contract';
import { Dialect } from '../aws/template';
import { Bundle } from '../runtime/sandbox';

/** A version of the handler and the properties that its construct sends. */
export interface Subject {
  readonly name: Origin;
  readonly bundle: Bundle;
  readonly dialect: Dialect;
}

const ROOT = join(__dirname, '..', '..', '..');

/** The bundle that users install. */
export const TESTED_FILE = join(ROOT, 'assets/guard/handler/index.lambda/index.js');

const FILES: Readonly<Record<Origin, string>> = {
  'tested': TESTED_FILE,
  'contract-2': join(__dirname, '..', 'fixtures/contract-2.js'),
  'contract-1': join(ROOT, 'test/e2e/fixtures/contract-1/asset.40e103b402fd9e509e12c3ac27b73337d38e7dd7d861a747f1d31cea4f3df287.lambda/index.js'),
};

const DIALECTS: Readonly<Record<Origin, Dialect>> = {
  'tested': { contractVersion: CONTRACT_VERSION, releaseTagProperty: 'ReleaseTagName', releaseTagPrefix: 'deployed-', knowsRequirements: true },
  'contract-2': { contractVersion: '2', releaseTagProperty: 'PinName', releaseTagPrefix: 'pinned-', knowsRequirements: false },
  'contract-1': { contractVersion: '1', releaseTagPrefix: 'pinned-', knowsRequirements: false },
};

const known = new Map<Origin, Subject>();

export function versionOf(name: Origin): Subject {
  const version = known.get(name) ?? subjectFrom(name, readFileSync(FILES[name], 'utf8'));
  known.set(name, version);
  return version;
}

function subjectFrom(name: Origin, code: string): Subject {
  return { name, bundle: new Bundle(code), dialect: DIALECTS[name] };
}
