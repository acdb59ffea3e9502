import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { Component, github } from 'projen';
import { isMap, isScalar, parseDocument, YAMLMap } from 'yaml';

/** Each action with the commit of a version, because tags can move. */
const PINS: Record<string, { readonly version: string; readonly commit: string }> = {
  'actions/checkout': { version: 'v7.0.1', commit: '3d3c42e5aac5ba805825da76410c181273ba90b1' },
  'actions/deploy-pages': { version: 'v5.0.0', commit: 'cd2ce8fcbc39b97be8ca5fce6e763baed58fa128' },
  'actions/download-artifact': { version: 'v8.0.1', commit: '3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c' },
  'actions/setup-dotnet': { version: 'v6.0.0', commit: 'a98b56852c35b8e3190ac28c8c2271da59106c68' },
  'actions/setup-go': { version: 'v7.0.0', commit: 'b7ad1dad31e06c5925ef5d2fc7ad053ef454303e' },
  'actions/setup-java': { version: 'v6.0.0', commit: 'dd06d9cba3e5552c54d9f8ea23572deb30010f7c' },
  'actions/setup-node': { version: 'v7.0.0', commit: '820762786026740c76f36085b0efc47a31fe5020' },
  'actions/setup-python': { version: 'v7.0.0', commit: '5fda3b95a4ea91299a34e894583c3862153e4b97' },
  'actions/upload-artifact': { version: 'v7.0.1', commit: '043fb46d1a93c77aae656e7c1c64a875d1fc6a0a' },
  'actions/upload-pages-artifact': { version: 'v5.0.0', commit: 'fc324d3547104276b827a68afc52ff2a11cc49c9' },
  'aws-actions/configure-aws-credentials': { version: 'v6.2.3', commit: 'e6de054238d6b7531b4efff3b6587d9aade6a06c' },
  'amannn/action-semantic-pull-request': { version: 'v6.1.1', commit: '48f256284bd46cdaab1048c3721360e808335d50' },
  'peter-evans/create-pull-request': { version: 'v8.1.1', commit: '5f6978faf089d4d20b00c7766989d076bb2fc7f1' },
};

/**
 * Hardening that projen has no option for. Every action is pinned to its commit, with the version as a comment. Every job
 * lists its permissions. No checkout keeps its token, because no job pushes with it.
 */
export class HardenedWorkflows extends Component {
  constructor(private readonly hub: github.GitHub) {
    super(hub.project);
    for (const [action, { commit }] of Object.entries(PINS)) {
      hub.actions.set(action, `${action}@${commit}`);
    }
  }

  public postSynthesize(): void {
    for (const { file } of this.hub.workflows) {
      if (file) rewrite(file.absolutePath, harden);
    }
  }
}

function harden(text: string): string {
  const workflow = parseDocument(text);
  const parts = (workflow.contents as YAMLMap).items;
  parts.splice(-1, 0, workflow.createPair('permissions', {}));
  for (const job of (workflow.get('jobs') as YAMLMap<unknown, YAMLMap>).items) {
    for (const step of (job.value!.get('steps') as YAMLMap).items as unknown as YAMLMap[]) {
      const uses = step.get('uses', true);
      if (!isScalar<string>(uses)) continue;
      const [action, commit] = uses.value.split('@');
      if (PINS[action]?.commit !== commit) throw new Error(`no commit is known of ${uses.value}: add it to the pins`);
      uses.comment = ` ${PINS[action].version}`;
      if (action === 'actions/checkout') withOf(workflow, step).set('persist-credentials', false);
    }
  }
  return workflow.toString({ lineWidth: 0 });
}

function withOf(workflow: ReturnType<typeof parseDocument>, step: YAMLMap): YAMLMap {
  const existing = step.get('with');
  if (isMap(existing)) return existing;
  const made = workflow.createNode({}) as YAMLMap;
  step.set('with', made);
  return made;
}

function rewrite(path: string, change: (text: string) => string): void {
  const changed = change(readFileSync(path, 'utf8'));
  chmodSync(path, 0o644);
  writeFileSync(path, changed);
  chmodSync(path, 0o444);
}
