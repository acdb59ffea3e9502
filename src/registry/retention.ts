import { Duration, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { RELEASE_TAGS } from './reserved-tags';
import { invalid, outside } from '../private/validation';

/** More than any repository has of them: the rule is there to keep. */
const ALL_PINNED = 10_000;

export interface Retention {
  readonly maxImageCount: number;
  readonly maxUntaggedImageAge: Duration;
}

export const DEFAULT_RETENTION: Retention = { maxImageCount: 1_000, maxUntaggedImageAge: Duration.days(30) };

/**
 * What ECR may delete, as it takes it.
 *
 * An image that a rule has matched is out of reach of all rules with a higher number, even if the first one keeps it.
 * So the first rule matches whatever runs, and everything else is left to the others.
 */
export function lifecyclePolicy({ maxImageCount, maxUntaggedImageAge }: Retention): string {
  return JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        description: 'Keeps the deployed image and the previous one',
        selection: { tagStatus: 'tagged', tagPatternList: [RELEASE_TAGS], countType: 'imageCountMoreThan', countNumber: ALL_PINNED },
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
        description: 'Keeps untagged images for a while, and images of an index as long as the index',
        selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countNumber: maxUntaggedImageAge.toDays(), countUnit: 'days' },
        action: { type: 'expire' },
      },
    ],
  });
}

/** Tokens do not pass: the rules are text, in which CloudFormation sees no intrinsics. */
export function checkRetention(scope: IConstruct, { maxImageCount, maxUntaggedImageAge }: Retention): void {
  if (Token.isUnresolved(maxImageCount) || maxUntaggedImageAge.isUnresolved()) {
    throw invalid(scope, 'maxImageCount and maxUntaggedImageAge must be known at synthesis');
  }
  if (outside(maxImageCount, 1)) {
    throw invalid(scope, `maxImageCount ${maxImageCount} is not a number of images: 1 or more`);
  }
  if (outside(maxUntaggedImageAge.toDays({ integral: false }), 1)) {
    throw invalid(scope, `maxUntaggedImageAge ${maxUntaggedImageAge.toHumanString()} is not a number of whole days: 1 or more`);
  }
}
