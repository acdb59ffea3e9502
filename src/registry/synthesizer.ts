import { CliCredentialsStackSynthesizer, DefaultStackSynthesizer, IStackSynthesizer, LegacyStackSynthesizer } from 'aws-cdk-lib';

/** CDK synthesizers that can be copied from their settings. No other synthesizer can be copied reliably. */
const COPIED: readonly unknown[] = [DefaultStackSynthesizer, CliCredentialsStackSynthesizer, LegacyStackSynthesizer];

/**
 * Copies a synthesizer for a second stack, as far as its settings are visible. CDK keeps some settings private, so compare
 * both synthesizers after they are bound.
 */
export function copyOfSynthesizer(synthesizer: IStackSynthesizer): IStackSynthesizer | undefined {
  const { constructor, props } = synthesizer as IStackSynthesizer & { readonly props?: object };
  return COPIED.includes(constructor) ? new (constructor as typeof DefaultStackSynthesizer)(props) : undefined;
}

/** Whether two synthesizers that are bound to stacks in the same environment publish and deploy in the same way. */
export function sameSynthesizer(one: IStackSynthesizer, other: IStackSynthesizer): boolean {
  return one.constructor === other.constructor && settingsOf(one) === settingsOf(other);
}

/** Returns all plain data, including inherited fields, because CDK binds a copy that inherits from the synthesizer of the app. */
function settingsOf(synthesizer: IStackSynthesizer): string {
  const settings: [string, unknown][] = [];
  for (const key in synthesizer) {
    const value: unknown = synthesizer[key as keyof IStackSynthesizer];
    if (isPlain(value)) settings.push([key, value]);
  }
  return JSON.stringify(settings.sort(([one], [other]) => one < other ? -1 : 1));
}

/** Other values, such as the stack and its assets, belong to one stack. */
function isPlain(value: unknown): boolean {
  return typeof value === 'object' ? value !== null && Object.getPrototypeOf(value) === Object.prototype : value !== undefined && typeof value !== 'function';
}
