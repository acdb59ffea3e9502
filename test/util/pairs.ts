/** The choices of each dimension to combine, by name. */
export type Dimensions = Record<string, Record<string, unknown>>;

export type Combination<D extends Dimensions> = { [K in keyof D]: keyof D[K] & string };

/** Two choices of different dimensions. */
export type Pair<D extends Dimensions> = Partial<Combination<D>>;

/** Choices of two dimensions that no combination can have together, and why. */
export interface Impossible<D extends Dimensions> {
  readonly because: string;
  readonly choices: { [K in keyof D]?: (keyof D[K] & string)[] };
}

/**
 * A few combinations in which any two choices of different dimensions meet at least once, unless that is impossible. Most
 * faults result from two conditions and few from three.
 */
export function allPairs<D extends Dimensions>(dimensions: D, impossible: Impossible<D>[] = []): Combination<D>[] {
  // A number for each choice and for each pair, because comparing pairs as text would take longer than the tests.
  const choices = Object.entries(dimensions).flatMap(([name, all]) => Object.keys(all).map((choice) => ({ name, choice })));
  const numbers = new Map(choices.map(({ name, choice }, number) => [`${name}: ${choice}`, number]));
  const met = (one: number, other: number) => Math.min(one, other) * choices.length + Math.max(one, other);
  const numbered = (pair: Pair<D>) => {
    const [one, other] = named(pair).map((choice) => numbers.get(choice)!);
    return met(one, other);
  };
  const forbidden = new Set(impossiblePairs(dimensions, impossible).map(numbered));
  const missing = new Set(everyPair(dimensions).map(numbered).filter((pair) => !forbidden.has(pair)));

  const combinations: Combination<D>[] = [];
  for (const first of missing) {
    const chosen = [Math.floor(first / choices.length), first % choices.length];
    for (const name of Object.keys(dimensions).filter((candidate) => !chosen.some((number) => choices[number].name === candidate))) {
      const gain = (choice: number) => chosen.filter((other) => missing.has(met(other, choice))).length;
      const possible = [...choices.keys()].filter((choice) =>
        choices[choice].name === name && !chosen.some((other) => forbidden.has(met(other, choice))));
      if (possible.length === 0) throw new Error(`no ${name} goes with ${JSON.stringify(combined(chosen))}`);
      chosen.push(possible.reduce((best, choice) => gain(choice) > gain(best) ? choice : best));
    }
    chosen.forEach((one) => chosen.forEach((other) => missing.delete(met(one, other))));
    combinations.push(combined(chosen));
  }
  return combinations;

  function combined(chosen: number[]): Combination<D> {
    return Object.fromEntries(chosen.map((number) => [choices[number].name, choices[number].choice])) as Combination<D>;
  }
}

/** Pairs that meet in none of the combinations. */
export function pairsNeverMet<D extends Dimensions>(dimensions: D, combinations: Combination<D>[]): Pair<D>[] {
  return everyPair(dimensions).filter((pair) =>
    !combinations.some((combination) => Object.entries(pair).every(([name, choice]) => combination[name] === choice)));
}

/** Pairs that cannot meet by the rules alone. */
export function pairsOf<D extends Dimensions>(impossible: Impossible<D>[]): Pair<D>[] {
  return impossible.flatMap(({ choices }) => everyPair(Object.fromEntries(
    Object.entries(choices).map(([name, those]) => [name, Object.fromEntries((those as string[]).map((choice) => [choice, true]))]),
  ) as unknown as D));
}

/** Pairs that cannot meet: by the rules, or because no choice of a third dimension is compatible with both. */
export function impossiblePairs<D extends Dimensions>(dimensions: D, impossible: Impossible<D>[]): Pair<D>[] {
  const excluded = new Map<string, Set<string>>();
  const at = (choice: string) => excluded.get(choice) ?? excluded.set(choice, new Set()).get(choice)!;
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

/** The choices of a pair with their dimensions, because different dimensions can have choices with the same name. */
function named(pair: object): string[] {
  return Object.entries(pair).map(([name, choice]) => `${name}: ${choice}`);
}
