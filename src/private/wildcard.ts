/** Matches texts that have these parts, in this order, with anything between each two of them. */
export function wildcard(parts: string[], anything: '.*' | '.+'): RegExp {
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join(anything)}$`);
}
