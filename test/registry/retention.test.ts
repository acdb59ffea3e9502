import { Duration, Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ImageRegistry, ImageRegistryProps } from '../../src';
import { testApp } from '../util/synth';

const PINNED = 'pinned-*';

interface Rule {
  readonly rulePriority: number;
  readonly selection: { tagStatus: string; tagPatternList?: string[]; countType: string; countNumber: number; countUnit?: string };
  readonly action: { type: string };
}

function make(props?: ImageRegistryProps): Stack {
  const stack = new Stack(testApp(), 'AppStack');
  new ImageRegistry(stack, 'Images', props);
  return stack;
}

/** The lifecycle rules as ECR reads them, in the order of their priority. */
function rules(props?: ImageRegistryProps): Rule[] {
  const [{ Properties }] = Object.values(Template.fromStack(make(props)).findResources('AWS::ECR::Repository'));
  const parsed: { rules: Rule[] } = JSON.parse(Properties.LifecyclePolicy.LifecyclePolicyText);
  return parsed.rules.sort((one, other) => one.rulePriority - other.rulePriority);
}

/** The rule that decides about an image: the first that matches shields it from all others. */
function ruleFor(...tags: string[]): Rule | undefined {
  const matches = (pattern: string) => tags.some((tag) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(tag));
  return rules().find(({ selection: { tagStatus, tagPatternList = [] } }) =>
    tagStatus === 'untagged' ? tags.length === 0 : tagPatternList.every(matches));
}

describe('what is deleted', () => {
  test('is nothing that runs: a pinned image is out of reach of all other rules', () => {
    const pinned = ruleFor('4f2a9c1', 'pinned-api-1a2b')!;
    expect(pinned.rulePriority).toBe(1);
    expect(pinned.selection.tagPatternList).toEqual([PINNED]);
    expect(pinned.selection).toMatchObject({ countType: 'imageCountMoreThan' });
    expect(pinned.selection.countNumber).toBeGreaterThanOrEqual(10_000);
  });

  test.each([['4f2a9c1'], ['latest'], ['cache-main'], ['v1', 'latest']])('of tagged images are those beyond the last 1000: %s', (...tags) => {
    expect(ruleFor(...tags)!.selection).toMatchObject({ countType: 'imageCountMoreThan', countNumber: 1000 });
  });

  test('of untagged images are those of which every tag moved on a month ago', () => {
    expect(ruleFor()!.selection).toMatchObject({ countType: 'sinceImagePushed', countNumber: 30, countUnit: 'days' });
  });

  test('can be told', () => {
    expect(rules({ keepTagged: 20, keepUntaggedFor: Duration.days(7) }).map(({ selection }) => selection.countNumber)).toEqual([10_000, 20, 7]);
  });
});

test('the rules are such that ECR takes them', () => {
  const all = rules();
  expect(all.every(({ action }) => action.type === 'expire')).toBe(true);
  expect(new Set(all.map(({ rulePriority }) => rulePriority)).size).toBe(all.length);
  expect(all.filter(({ selection }) => selection.tagStatus === 'untagged')).toHaveLength(1);
  for (const { selection: { tagPatternList = [] } } of all) {
    expect(tagPatternList.join('').split('*').length - 1).toBeLessThanOrEqual(4);
  }
});

describe('is refused with path, property and value:', () => {
  test.each([0, -1, 1.5, NaN])('keepTagged %d', (keepTagged) => {
    expect(() => make({ keepTagged })).toThrow(new Error(`keepTagged ${keepTagged} is not a number of images: 1 or more (at AppStack/Images)`));
  });

  test.each([[Duration.days(0), '0 days'], [Duration.hours(12), '12 hours'], [Duration.hours(36), '1 day 12 hours']])('keepUntaggedFor %s', (duration, shown) => {
    expect(() => make({ keepUntaggedFor: duration }))
      .toThrow(new Error(`keepUntaggedFor ${shown} is not a number of whole days: 1 or more (at AppStack/Images)`));
  });

  test.each([
    ['keepTagged', { keepTagged: Token.asNumber({ Ref: 'Keep' }) }],
    ['keepUntaggedFor', { keepUntaggedFor: Duration.days(Token.asNumber({ Ref: 'Days' })) }],
  ])('a token as %s, which would reach ECR as text', (_, props) => {
    expect(() => make(props)).toThrow(new Error('keepTagged and keepUntaggedFor must be known at synthesis (at AppStack/Images)'));
  });
});
