import { Duration, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { IConstruct } from 'constructs';
import { PINNED_TAGS } from './reserved-tags';
import { invalid, outside } from '../validation';

/** More than any repository has of them: the rule is there to keep. */
const ALL_PINNED = 10_000;

export interface Retention {
  readonly keepTagged: number;
  readonly keepUntaggedFor: Duration;
}

export const DEFAULT_RETENTION: Retention = { keepTagged: 1_000, keepUntaggedFor: Duration.days(30) };

/**
 * What ECR may delete.
 *
 * An image that a rule has matched is out of reach of all rules with a higher number, even if the first one keeps it.
 * So the first rule matches whatever runs, and everything else is left to the others.
 */
export function lifecycleRules(retention: Retention): ecr.LifecycleRule[] {
  return [
    {
      rulePriority: 1,
      description: 'Keeps what runs, and what a rollback goes back to',
      tagPatternList: [PINNED_TAGS],
      maxImageCount: ALL_PINNED,
    },
    {
      rulePriority: 2,
      description: 'Keeps the tagged images that were pushed last',
      tagPatternList: ['*'],
      maxImageCount: retention.keepTagged,
    },
    {
      rulePriority: 3,
      description: 'Keeps untagged images for a while: what an index consists of is kept as long as the index',
      tagStatus: ecr.TagStatus.UNTAGGED,
      maxImageAge: retention.keepUntaggedFor,
    },
  ];
}

/** Tokens do not pass: CDK writes the rules as text, in which CloudFormation sees no intrinsics. */
export function checkRetention(scope: IConstruct, { keepTagged, keepUntaggedFor }: Retention): void {
  if (Token.isUnresolved(keepTagged) || keepUntaggedFor.isUnresolved()) {
    throw invalid(scope, 'keepTagged and keepUntaggedFor must be known at synthesis');
  }
  if (outside(keepTagged, 1)) {
    throw invalid(scope, `keepTagged ${keepTagged} is not a number of images: 1 or more`);
  }
  if (outside(keepUntaggedFor.toDays({ integral: false }), 1)) {
    throw invalid(scope, `keepUntaggedFor ${keepUntaggedFor.toHumanString()} is not a number of whole days: 1 or more`);
  }
}
