import { Duration, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { RELEASE_TAGS } from './release-tag-prefix';
import { invalid, outside } from '../private/validation';

/** A repository never has as many release tags, so the rule with this limit never expires an image. */
const NEVER_EXCEEDED = 10_000;

export interface Retention {
  readonly maxImageCount: number;
  readonly maxUntaggedImageAge: Duration;
}

export const DEFAULT_RETENTION: Retention = { maxImageCount: 1_000, maxUntaggedImageAge: Duration.days(30) };

/**
 * Returns the lifecycle policy, in the format of ECR.
 *
 * Once a rule matches an image, no rule with a higher number can expire it, even if the first rule keeps the image. The
 * first rule therefore matches all deployed images, and the other rules apply to the rest.
 */
export function lifecyclePolicy({ maxImageCount, maxUntaggedImageAge }: Retention): string {
  return JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        description: 'Keeps the deployed image and the previous one',
        selection: { tagStatus: 'tagged', tagPatternList: [RELEASE_TAGS], countType: 'imageCountMoreThan', countNumber: NEVER_EXCEEDED },
        action: { type: 'expire' },
      },
      {
        rulePriority: 2,
        description: 'Keeps the most recently pushed tagged images',
        selection: { tagStatus: 'tagged', tagPatternList: ['*'], countType: 'imageCountMoreThan', countNumber: maxImageCount },
        action: { type: 'expire' },
      },
      {
        rulePriority: 3,
        description: 'Keeps recently pushed untagged images, and the images of an index as long as the index',
        selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countNumber: maxUntaggedImageAge.toDays(), countUnit: 'days' },
        action: { type: 'expire' },
      },
    ],
  });
}

/** Tokens are not allowed, because the policy is text, and CloudFormation does not resolve intrinsic functions in it. */
export function checkRetention(scope: IConstruct, { maxImageCount, maxUntaggedImageAge }: Retention): void {
  if (Token.isUnresolved(maxImageCount) || maxUntaggedImageAge.isUnresolved()) {
    throw invalid(scope, 'maxImageCount and maxUntaggedImageAge must be known at synthesis');
  }
  if (outside(maxImageCount, 1)) {
    throw invalid(scope, `maxImageCount ${maxImageCount} is not valid: pass a whole number of images, 1 or more`);
  }
  if (outside(maxUntaggedImageAge.toDays({ integral: false }), 1)) {
    throw invalid(scope, `maxUntaggedImageAge ${maxUntaggedImageAge.toHumanString()} is not valid: pass a whole number of days, 1 or more`);
  }
}
