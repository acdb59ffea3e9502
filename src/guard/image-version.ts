import { CfnParameter } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { VersionKind } from './contract';
import { BY_FACTORY, onlyByFactory } from '../private/factories';
import { guardedPath } from '../private/names';
import { deployedStack, pathInStack } from '../private/stacks';
import { invalid, isKnown, shown } from '../private/validation';
import { isMovableTag } from '../registry/movable-tags';

const TAG = '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}';
const DIGEST = 'sha256:[0-9a-f]{64}';

const PARAMETER_NAME = /^[A-Za-z0-9]{1,255}$/;

/** The version, as a guard sends it. */
export interface BoundImageVersion {
  readonly kind: VersionKind;
  readonly value: string;

  /** The stack parameter of the value, in the format of `cdk deploy --parameters`: `<stack>:<logical id>`. */
  readonly parameterName?: string;

  /** The logical ID alone. */
  readonly parameterId?: string;
}

/**
 * The version of an image: a tag, a digest, or a parameter of the stack.
 */
export class ImageVersion {
  /**
   * The image with this tag. The tag must not move, so use a commit SHA or a version number.
   *
   * @param tag up to 128 letters, digits, `.`, `_`, and `-`, or a token
   * @throws if the tag is not valid; if it is a moving tag, such as `latest`
   */
  public static tag(tag: string): ImageVersion {
    checkTag('tag', tag);
    if (isKnown(tag) && isMovableTag(tag)) {
      throw new Error(`ImageVersion.tag: ${shown(tag)} is a moving tag, so a deployment cannot tell which image is meant: ` +
        'pass a tag that does not move, such as a commit SHA, or use ImageVersion.movingTag');
    }
    return new ImageVersion(BY_FACTORY, () => ({ kind: 'tag', value: tag }));
  }

  /**
   * The image with this digest.
   *
   * @param digest `sha256:` and 64 lowercase hexadecimal digits, or a token
   * @throws if the digest is not valid
   */
  public static digest(digest: string): ImageVersion {
    check('digest', digest, DIGEST, 'pass "sha256:" and 64 lowercase hexadecimal digits');
    return new ImageVersion(BY_FACTORY, () => ({ kind: 'digest', value: digest }));
  }

  /**
   * The image that has this tag at the time of the deployment. A rollback returns to the previous image, even if the tag has
   * moved. The repository must allow the tag to move: an `ImageRegistry` allows it for `latest` and tags that start with
   * `cache`.
   *
   * Each synthesis puts a new value into the template, so each `cdk deploy` looks up the tag again, and `cdk diff` always
   * shows a change.
   *
   * @param tag up to 128 letters, digits, `.`, `_`, and `-`, or a token
   * @throws if the tag is not valid
   */
  public static movingTag(tag: string): ImageVersion {
    checkTag('movingTag', tag);
    return new ImageVersion(BY_FACTORY, () => ({ kind: 'movingTag', value: tag }));
  }

  /**
   * The image whose tag you pass as a stack parameter: `cdk deploy <stack> --parameters <stack name>:<name>=<tag>`. The value can
   * also be a digest, or `<tag>@<digest>`. `DeployWorkflow` and `DeployScript` pass `<tag>@<digest>`: the
   * digest identifies the image, and the tag is for people.
   *
   * If a later deployment omits the parameter, the CDK CLI passes the previous value, and the image stays the same. The
   * template does not change from release to release.
   *
   * @param name logical ID of the parameter: letters and digits. The default joins the construct IDs below the stack,
   * reduced to letters and digits, and appends `ImageTag`: `ApiImageTag` for the service `Api`. If the last ID is `Guard`,
   * the default leaves it out.
   * Guards that pass the same name share one parameter. If you pass the name of a parameter that the stack already has,
   * the guard uses that parameter.
   * @throws if the name is not a valid logical ID; the guard throws if the stack has another construct with this ID
   */
  public static parameter(name?: string): ImageVersion {
    if (name != undefined && !(typeof name === 'string' && PARAMETER_NAME.test(name))) {
      throw new Error(`ImageVersion.parameter: name ${shown(name)} is not valid: use only letters and digits`);
    }
    return new ImageVersion(BY_FACTORY, (guard) => boundParameter(guard, name));
  }

  private constructor(key: symbol, private readonly boundTo: (guard: Construct) => BoundImageVersion) {
    onlyByFactory(ImageVersion, key);
  }

  /**
   * @internal
   */
  public _bind(guard: Construct): BoundImageVersion {
    return this.boundTo(guard);
  }
}

function boundParameter(guard: Construct, chosen: string | undefined): BoundImageVersion {
  // `cdk deploy` can pass parameters only to a top-level stack, not to a nested stack.
  const stack = deployedStack(guard);
  const name = chosen ?? defaultParameterName(pathInStack(guard));
  if (!PARAMETER_NAME.test(name)) {
    throw invalid(guard, `the default name of the stack parameter ${shown(name)} has ${name.length} characters, but CloudFormation allows 255: ` +
      'pass imageVersion: ImageVersion.parameter(<a shorter name>)');
  }
  const existing = stack.node.tryFindChild(name);
  if (existing && !(chosen && 'valueAsString' in existing)) {
    throw invalid(guard, `the stack parameter ${shown(name)} cannot be created, because ${stack.node.path} has a child with that ID: ` +
      'pass imageVersion: ImageVersion.parameter(<another name>)');
  }
  const parameter = (existing as CfnParameter | undefined) ?? new CfnParameter(stack, name, {
    description: 'Tag of the image to run, its digest, or <tag>@<digest>. If omitted, the previous value is kept',
    default: '',
    allowedPattern: `^(${TAG}(@${DIGEST})?|${DIGEST})?$`,
    constraintDescription: 'must be an image tag, a sha256 digest, or both as <tag>@<digest>',
  });
  return { kind: 'parameter', value: parameter.valueAsString, parameterName: `${stack.stackName}:${parameter.logicalId}`, parameterId: name };
}

function defaultParameterName(path: string[]): string {
  return guardedPath(path).map((id) => id.replace(/[^A-Za-z0-9]/g, '')).join('') + 'ImageTag';
}

function checkTag(factory: string, tag: string): void {
  const hint = typeof tag === 'string' && tag.startsWith('sha256:') ? '; for a digest, use ImageVersion.digest' : '';
  check(factory, tag, TAG, `pass 1 to 128 letters, digits, ".", "_", and "-", and do not start with "." or "-"${hint}`);
}

function check(factory: string, value: string, pattern: string, expected: string): void {
  if (typeof value === 'string' && !isKnown(value)) return;
  if (typeof value !== 'string' || !new RegExp(`^(?:${pattern})$`).test(value)) {
    throw new Error(`ImageVersion.${factory}: ${shown(value)} is not valid: ${expected}`);
  }
}
