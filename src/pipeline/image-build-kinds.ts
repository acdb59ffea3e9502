import { ImageBuild } from './image-build';
import { anyText, aRepository, instance, Kind, Kinds, listOf, mapOf, misspelled, structOf } from '../private/option-kinds';

const KINDS: Kinds<ImageBuild> = {
  registry: aRepository,
  context: anyText,
  dockerfile: anyText,
  additionalContexts: mapOf(anyText),
  target: anyText,
  buildArgs: mapOf(anyText),
  secrets: mapOf(anyText),
  tags: listOf(anyText),
  compression: instance('an ImageCompression', '_attributes'),
  promoteTo: listOf(aRepository),
  rebuildSchedule: anyText,
  runsOn: anyText,
};

const { registry, ...optional } = KINDS;
const aBuild = structOf({ registry }, optional);

/** Users cannot add their own properties to an `ImageBuild`, so a name that resembles a property must be misspelled. */
export const imageBuilds: Kind = listOf((name, value) => {
  const fault = aBuild(name, value);
  if (fault) return fault;
  const [mistake] = misspelled(value as ImageBuild, Object.keys(KINDS));
  return mistake && `${name}.${mistake.name} is not an option: did you mean ${mistake.meant}?`;
});
