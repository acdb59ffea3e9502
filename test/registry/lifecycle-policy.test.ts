import { Duration, Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as fc from 'fast-check';
import { expired, Image } from './lifecycle';
import { ImageRegistry, ImageRegistryProps } from '../../src';
import { testApp } from '../util/synth';

const DAY = 86_400_000;

function policyOf(props: ImageRegistryProps = {}): any {
  const stack = new Stack(testApp(), 'Stack');
  new ImageRegistry(stack, 'Registry', props);
  const [repository] = Object.values(Template.fromStack(stack).findResources('AWS::ECR::Repository'));
  return JSON.parse(repository.Properties.LifecyclePolicy.LifecyclePolicyText);
}

/** A registry with pushes and releases. Its guard moves its two release tags as the handler does. */
class History {
  public images: Image[] = [];
  public running?: string;
  public target?: string;
  private now = 0;
  private pushes = 0;

  constructor(private readonly policy: any) {}

  public wait(days: number): void {
    this.now += days * DAY;
  }

  public push(multiArch: boolean, movesLatest: boolean): void {
    const digest = `image-${++this.pushes}`;
    const children = multiArch ? [`${digest}-amd64`, `${digest}-arm64`] : [];
    if (movesLatest) this.untag('latest');
    this.images.push(
      ...children.map((child) => ({ digest: child, pushedAt: this.now, tags: new Set<string>(), children: [] })),
      { digest, pushedAt: this.now, tags: new Set([`v${this.pushes}`, ...(movesLatest ? ['latest'] : [])]), children },
    );
  }

  /** Deploys one of the tagged images. If the deployment fails after the guard has answered, the stack rolls back. */
  public release(pick: number, failsLater: boolean): void {
    const candidates = this.images.filter(({ tags }) => [...tags].some((tag) => tag.startsWith('v')));
    if (candidates.length === 0) return;
    const { digest } = candidates[pick % candidates.length];
    const { running: before, target } = this;
    if (before && before !== digest) this.mark('deployed-api-0a1b2c3d-previous', this.target = before);
    this.mark('deployed-api-0a1b2c3d', this.running = digest);
    if (failsLater && before) {
      this.mark('deployed-api-0a1b2c3d', this.running = before);
      if (target) this.mark('deployed-api-0a1b2c3d-previous', this.target = target);
    }
  }

  public evaluate(): void {
    const gone = expired(this.policy, this.images, this.now);
    this.images = this.images.filter(({ digest }) => !gone.has(digest));
  }

  public has(digest: string): boolean {
    const image = this.images.find((candidate) => candidate.digest === digest);
    return image !== undefined && image.children.every((child) => this.has(child));
  }

  private mark(tag: string, digest: string): void {
    this.untag(tag);
    this.images = this.images.map((image) => image.digest === digest ? { ...image, tags: new Set([...image.tags, tag]) } : image);
  }

  private untag(tag: string): void {
    this.images = this.images.map((image) => ({ ...image, tags: new Set([...image.tags].filter((other) => other !== tag)) }));
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), multiArch: fc.boolean(), movesLatest: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), pick: fc.nat(1000), failsLater: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('evaluate' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), days: fc.integer({ min: 0, max: 400 }) }) },
);

test.each<[string, ImageRegistryProps]>([
  ['the defaults', {}],
  ['as little as can be kept', { maxImageCount: 1, maxUntaggedImageAge: Duration.days(1) }],
])('with %s, the current and the previous image never expire', (_, props) => {
  const policy = policyOf(props);
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const history = new History(policy);
    for (const one of steps) {
      if (one.kind === 'push') history.push(one.multiArch, one.movesLatest);
      if (one.kind === 'release') history.release(one.pick, one.failsLater);
      if (one.kind === 'wait') history.wait(one.days);
      if (one.kind === 'evaluate') history.evaluate();
      for (const needed of [history.running, history.target]) {
        if (needed && !history.has(needed)) return false;
      }
    }
    return true;
  }), { numRuns: Number(process.env.FAST_CHECK_RUNS ?? 1000) });
});

test('other images expire: tagged images beyond the limit, and untagged images after a time', () => {
  const history = new History(policyOf({ maxImageCount: 2, maxUntaggedImageAge: Duration.days(7) }));
  for (let pushes = 0; pushes < 5; pushes++) {
    history.push(false, true);
    history.wait(1);
  }
  history.evaluate();
  expect(history.images.map(({ digest }) => digest)).toEqual(['image-4', 'image-5']);
});

test('by default, 1,000 tagged images are kept, and untagged images are kept for 30 days', () => {
  const history = new History(policyOf());
  for (let pushes = 0; pushes < 1001; pushes++) {
    history.push(false, false);
    history.wait(1);
  }
  history.evaluate();
  expect(history.images).toHaveLength(1000);
  expect(history.has('image-1')).toBe(false);

  const untagged = [30, 31].map((age) => ({ digest: `of day ${age}`, pushedAt: -age * DAY, tags: new Set<string>(), children: [] }));
  expect(expired(policyOf(), untagged, 0)).toEqual(new Set(['of day 31']));
});

test('tagged images count, whatever the names of their tags', () => {
  const images = ['4f9d2c1', 'latest', 'cache-main', '1.0.0'].map((tag, pushedAt) => ({ digest: tag, pushedAt, tags: new Set([tag]), children: [] }));
  expect(expired(policyOf({ maxImageCount: 1 }), images, DAY)).toEqual(new Set(['4f9d2c1', 'latest', 'cache-main']));
});

test('deployed images are kept for any number of services', () => {
  const images = Array.from({ length: 2000 }, (_, index) => ({
    digest: `image-${index}`, pushedAt: index, tags: new Set([`v${index}`, `deployed-service-${index}-0a1b2c3d`]), children: [],
  }));
  expect(expired(policyOf({ maxImageCount: 1 }), images, DAY)).toEqual(new Set());
});

test('without the first rule, a deployed image would expire', () => {
  const policy = policyOf({ maxImageCount: 1 });
  const history = new History({ rules: policy.rules.slice(1) });
  history.push(false, false);
  history.release(0, false);
  history.wait(1);
  history.push(false, false);
  history.evaluate();
  expect(history.has('image-1')).toBe(false);
});

test.each([
  ['maxImageCount 0 is not valid: pass a whole number of images, 1 or more (at Stack/Registry)', { maxImageCount: 0 }],
  ['maxUntaggedImageAge 12 hours is not valid: pass a whole number of days, 1 or more (at Stack/Registry)', { maxUntaggedImageAge: Duration.hours(12) }],
  ['maxImageCount 1e+21 is not valid: pass a whole number of images, 1 or more (at Stack/Registry)', { maxImageCount: 1e21 }],
  ['maxImageCount 1.5 is not valid: pass a whole number of images, 1 or more (at Stack/Registry)', { maxImageCount: 1.5 }],
  ['maxUntaggedImageAge 1 day 12 hours is not valid: pass a whole number of days, 1 or more (at Stack/Registry)', { maxUntaggedImageAge: Duration.hours(36) }],
  // The policy is text, so ECR would receive an unresolved token.
  ['maxImageCount and maxUntaggedImageAge must be known at synthesis (at Stack/Registry)', { maxImageCount: Token.asNumber({ Ref: 'Keep' }) }],
  ['maxImageCount and maxUntaggedImageAge must be known at synthesis (at Stack/Registry)', { maxUntaggedImageAge: Duration.days(Token.asNumber({ Ref: 'Keep' })) }],
])('an invalid retention is refused: %s', (message, props) => {
  expect(() => policyOf(props)).toThrow(message);
});
