import { EcrDoubts } from '../aws/ecr';
import { Examination } from '../aws/examinations';
import { Mutability } from '../aws/registry';
import { Place } from '../aws/template';
import { Random } from '../runtime/random';

/** Properties that are fixed for a whole story. */
export interface World {
  readonly place: Place;
  readonly mutability: Mutability;
  readonly doubts: EcrDoubts;
  readonly examination: Examination;
  /** Whether faults and crashes can happen. */
  readonly stormy: boolean;
}

const STACK = { account: '111122223333', region: 'us-east-1', partition: 'aws', domain: 'amazonaws.com' };

export function randomWorld(random: Random, stormy: boolean): World {
  const home = random.weighted(
    [8, STACK],
    [1, { ...STACK, region: 'cn-north-1', partition: 'aws-cn', domain: 'amazonaws.com.cn' }],
    [1, { ...STACK, region: 'us-gov-west-1', partition: 'aws-us-gov' }],
  );
  const elsewhere = home.partition === 'aws' && random.chance(0.15);
  return {
    place: { ...home, registryAccount: elsewhere ? '444455556666' : home.account, registryRegion: elsewhere ? 'eu-west-1' : home.region },
    mutability: random.weighted<Mutability>([4, 'immutableExceptReserved'], [6, 'mutable'], [0.7, 'immutable']),
    doubts: {
      describesArchived: random.chance(0.5),
      archivedFailure: random.pick(['ImageNotFound', 'ImageInaccessible']),
      revivesDeleted: random.chance(0.5),
    },
    examination: {
      scanning: random.weighted<Examination['scanning']>([1, 'off'], [5, 'basic'], [5, 'enhanced']),
      signingProfiles: random.weighted<string[]>([1, []], [5, ['Release']], [3, ['Audit', 'Release']]),
    },
    stormy,
  };
}
