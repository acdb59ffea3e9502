import { CliCredentialsStackSynthesizer, DefaultStackSynthesizer, IStackSynthesizer, LegacyStackSynthesizer } from 'aws-cdk-lib';

/** Those of CDK that are made from their settings alone. Nobody but its author knows how to make another one. */
const COPIED: readonly unknown[] = [DefaultStackSynthesizer, CliCredentialsStackSynthesizer, LegacyStackSynthesizer];

/**
 * A synthesizer for a second stack, as far as its settings can be seen: CDK keeps them to itself, so compare the two
 * once both are bound.
 */
export function copyOfSynthesizer(synthesizer: IStackSynthesizer): IStackSynthesizer | undefined {
  const { constructor, props } = synthesizer as IStackSynthesizer & { readonly props?: object };
  return COPIED.includes(constructor) ? new (constructor as typeof DefaultStackSynthesizer)(props) : undefined;
}

/** Whether two synthesizers, bound to stacks of one environment, publish and deploy alike. */
export function sameSynthesizer(one: IStackSynthesizer, other: IStackSynthesizer): boolean {
  return one.constructor === other.constructor && settingsOf(one) === settingsOf(other);
}

/** Everything that is plain data, inherited fields included: CDK binds a copy that inherits from the app's synthesizer. */
function settingsOf(synthesizer: IStackSynthesizer): string {
  const settings: [string, unknown][] = [];
  for (const key in synthesizer) {
    const value: unknown = synthesizer[key as keyof IStackSynthesizer];
    if (isPlain(value)) settings.push([key, value]);
  }
  return JSON.stringify(settings.sort(([one], [other]) => one < other ? -1 : 1));
}

/** What else it holds, such as its stack and the assets so far, belongs to that stack. */
function isPlain(value: unknown): boolean {
  return typeof value === 'object' ? value !== null && Object.getPrototypeOf(value) === Object.prototype : value !== undefined && typeof value !== 'function';
}
