import { ActionStep } from './workflow';
import { Comment } from './yaml';
import { shown } from '../../private/validation';

/** Actions of the workflow. Each is pinned to a commit, because tags can move. */
const PINS = {
  'actions/checkout': '3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1',
  'actions/setup-node': '820762786026740c76f36085b0efc47a31fe5020 # v7.0.0',
  'aws-actions/configure-aws-credentials': 'e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3',
  'aws-actions/amazon-ecr-login': '03f1aad4c6c7ffd436567f42f9384779290529bd # v2.1.7',
  'docker/setup-qemu-action': '96fe6ef7f33517b61c61be40b68a1882f3264fb8 # v4.2.0',
  'docker/setup-buildx-action': '37fe631027851001ddb9b187196cc803df7f5f0e # v4.3.0',
  'pnpm/action-setup': 'fe02b34f77f8bc703788d5817da081398fad5dd2 # v4.0.0',
  'docker/build-push-action': '53b7df96c91f9c12dcc8a07bcb9ccacbed38856a # v7.3.0',
};

export type Action = keyof typeof PINS;

const PIN = /^([0-9a-f]{40})(?: # (\S.*))?$/;

/** Returns references to actions for `uses:`, and their versions for the comments. */
export class Actions {
  private readonly pins: ReadonlyMap<string, { readonly uses: string; readonly version?: string }>;

  /**
   * @param overrides other commits, by the name of the action
   * @throws if an action is not part of the workflow, or is not pinned to a full commit ID
   */
  constructor(overrides: Record<string, string> = {}) {
    for (const action of Object.keys(overrides)) {
      if (!(action in PINS)) throw new Error(`actions: ${shown(action)} is not an action of the workflow, which uses ${Object.keys(PINS).join(', ')}`);
    }
    this.pins = new Map(Object.entries({ ...PINS, ...overrides }).map(([action, pin]) => {
      const [, commit, version] = PIN.exec(pin) ?? [];
      if (!commit) {
        throw new Error(`actions: ${shown(pin)} does not pin ${action}: pass a commit ID of 40 digits and its version, as in "<commit id> # v1.2.3"`);
      }
      return [action, { uses: `${action}@${commit}`, version }];
    }));
  }

  /** A step that runs an action. */
  public step(action: Action, { with: inputs, env, ...step }: Omit<ActionStep, 'uses'>): ActionStep {
    return { ...step, env, uses: this.pins.get(action)!.uses, with: inputs };
  }

  public readonly versions: Comment = (key, value) => key === 'uses'
    ? [...this.pins.values()].find(({ uses }) => uses === value)?.version
    : undefined;
}
