/** What is to be combined: the choices of each dimension, by the name of the choice. */
export type Dimensions = Record<string, Record<string, unknown>>;

export type Combination<D extends Dimensions> = { [K in keyof D]: keyof D[K] & string };

/** Two choices of different dimensions. */
export type Pair<D extends Dimensions> = Partial<Combination<D>>;

/** Choices of two dimensions that cannot meet, in no combination, and why. */
export interface Impossible<D extends Dimensions> {
  readonly because: string;
  readonly choices: { [K in keyof D]?: (keyof D[K] & string)[] };
}

/**
 * Few combinations in which any two choices of different dimensions meet at least once, unless that is impossible: most
 * faults come from two circumstances, hardly any from three.
 */
export function allPairs<D extends Dimensions>(dimensions: D, impossible: Impossible<D>[] = []): Combination<D>[] {
  const names = Object.keys(dimensions);
  const forbidden = new Set(impossiblePairs(dimensions, impossible).map(key));
  const missing = new Set(everyPair(dimensions).map(key).filter((pair) => !forbidden.has(pair)));

  const combinations: Combination<D>[] = [];
  while (missing.size > 0) {
    const combination: Record<string, string> = JSON.parse(missing.values().next().value!);
    for (const name of names.filter((candidate) => !(candidate in combination))) {
      const met = (choice: string) => Object.entries(combination).map(([other, chosen]) => key({ [other]: chosen, [name]: choice }));
      const gain = (choice: string) => met(choice).filter((pair) => missing.has(pair)).length;
      const possible = Object.keys(dimensions[name]).filter((choice) => !met(choice).some((pair) => forbidden.has(pair)));
      if (possible.length === 0) throw new Error(`no ${name} goes with ${JSON.stringify(combination)}`);
      combination[name] = possible.reduce((best, choice) => gain(choice) > gain(best) ? choice : best);
    }
    everyPair(alone(combination)).forEach((pair) => missing.delete(key(pair)));
    combinations.push(combination as Combination<D>);
  }
  return combinations;
}

/** What never meets in any of the combinations. */
export function pairsNeverMet<D extends Dimensions>(dimensions: D, combinations: Combination<D>[]): Pair<D>[] {
  return everyPair(dimensions).filter((pair) =>
    !combinations.some((combination) => Object.entries(pair).every(([name, choice]) => combination[name] === choice)));
}

/** What the rules say cannot meet, pair by pair. */
export function pairsOf<D extends Dimensions>(impossible: Impossible<D>[]): Pair<D>[] {
  return impossible.flatMap(({ choices }) => everyPair(Object.fromEntries(
    Object.entries(choices).map(([name, those]) => [name, Object.fromEntries((those as string[]).map((choice) => [choice, true]))]),
  ) as unknown as D));
}

/** What cannot meet: what the rules say, and what follows from them because no choice of a third dimension goes with both. */
export function impossiblePairs<D extends Dimensions>(dimensions: D, impossible: Impossible<D>[]): Pair<D>[] {
  const excluded = new Map<string, Set<string>>();
  const at = (choice: string) => excluded.get(choice) ?? excluded.set(choice, new Set()).get(choice)!;
  const named = (pair: Pair<D>) => Object.entries(pair).map(([name, choice]) => `${name}: ${choice}`);
  const exclude = ([one, other]: string[]) => [at(one).add(other), at(other).add(one)];
  const said = pairsOf(impossible);
  said.map(named).forEach(exclude);

  const thirds = Object.entries(dimensions).map(([name, choices]) => ({ name, all: Object.keys(choices).map((choice) => `${name}: ${choice}`) }));
  const follow = everyPair(dimensions).filter((pair) => {
    const [one, other] = named(pair);
    if (at(one).has(other)) return false;
    return thirds.some(({ name, all }) => !(name in pair) && all.every((third) => at(one).has(third) || at(other).has(third)));
  });
  follow.map(named).forEach(exclude);
  return [...said, ...follow];
}

function everyPair<D extends Dimensions>(dimensions: D): Pair<D>[] {
  const names = Object.keys(dimensions);
  return names.flatMap((one, index) => names.slice(index + 1).flatMap((other) =>
    Object.keys(dimensions[one]).flatMap((a) => Object.keys(dimensions[other]).map((b) => ({ [one]: a, [other]: b }) as Pair<D>))));
}

/** A combination as dimensions with one choice each. */
function alone(combination: Record<string, string>): Dimensions {
  return Object.fromEntries(Object.entries(combination).map(([name, choice]) => [name, { [choice]: true }]));
}

function key(pair: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(pair).sort(([one], [other]) => one < other ? -1 : 1)));
}
