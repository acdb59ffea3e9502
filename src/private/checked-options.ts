import { Annotations } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { givenOptions, Kinds, misspelled } from './option-kinds';
import { invalid } from './validation';

/**
 * Returns the options that are set. Warns about names that look like misspelled options.
 *
 * @param required names of the options without a default
 * @throws if an option has the wrong type
 */
export function checkedOptions<T extends object>(
  scope: Construct, options: T, kinds: Kinds<T>, required: (keyof T & string)[] = [],
): T {
  const given = givenOptions(options, kinds, (message) => invalid(scope, message), required);
  for (const { name, meant } of misspelled(options, Object.keys(kinds))) {
    Annotations.of(scope).addWarningV2('@org/phased-fargate:unknownOption', `${name} is not an option, so it has no effect: did you mean ${meant}?`);
  }
  return given;
}
