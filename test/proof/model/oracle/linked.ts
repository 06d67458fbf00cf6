import { isLive, linksOf } from '../links.js';
import type { ModelWorld } from '../world.js';
import { type Facts, factsOf, isFailed } from './facts.js';

/**
 * Links at rest: with `equal` for each source, all four copies of a pair agree in what its rule shares. Two names may differ where they are
 * what the APIs made of one and the same name (an API cut it, say); of two deleted tasks nothing else is compared. A row is in one link at most.
 */
export async function linked(world: ModelWorld): Promise<readonly string[]> {
  const { other, aside } = world;
  if (world.links === null || other === null || world.source !== 'invoiced') return [];
  const all = [await factsOf(world), await factsOf(other)];
  const [left, right] = [
    all.find(({ source }) => source === 'invoiced'),
    all.find(({ source }) => source === 'freshbooks'),
  ];
  if (left === undefined || right === undefined) return ['a source is missing'];
  const { links, sharings } = await linksOf(aside);
  const faults: string[] = [];
  const rows = new Set<string>();
  for (const link of links.filter(isLive)) {
    const { invoiced, freshbooks } = link.rows;
    for (const row of [`invoiced row ${invoiced}`, `freshbooks row ${freshbooks}`]) {
      if (rows.has(row)) faults.push(`${row} is in two links`);
      rows.add(row);
    }
    const here = left.rowOf(`row ${invoiced}`);
    const there = right.rowOf(`row ${freshbooks}`);
    if (here === undefined || there === undefined) {
      faults.push(`link ${link.id} joins what is not there: ${invoiced}, ${freshbooks}`);
      continue;
    }
    if (isFailed(here) || isFailed(there)) continue;
    if (link.state === 'failed') {
      faults.push(`link ${link.id} has failed, which nothing gave cause for: ${link.error}`);
      continue;
    }
    const { name = true, complete = null } = sharings.get(link.rule ?? '') ?? {};
    const [a, b] = [left.told(here), right.told(there)];
    const done = complete === 'deleted' ? '1' : '2';
    const [goneHere, goneThere] = [a['vis_state'] === '1', b['vis_state'] === '1'];
    const told = `link ${link.id} (${invoiced}, ${freshbooks})`;
    const isDone = a['complete'] === 'true';
    // Where completion is not shared any more, what was deleted for it stays so.
    if (complete === null && world.links.deletesDone && goneThere && isDone) continue;
    if (goneHere ? !goneThere : goneThere !== (complete === 'deleted' && isDone))
      faults.push(`${told}: vis_state is ${a['vis_state']} and ${b['vis_state']}, complete ${a['complete']}`);
    else if (!goneHere && complete !== null && isDone !== (b['vis_state'] === done))
      faults.push(`${told}: complete is ${a['complete']} and vis_state ${b['vis_state']}`);
    if (name && !goneHere && !goneThere && !agree(left, right, [`row ${invoiced}`, `row ${freshbooks}`]))
      faults.push(`${told}: name is ${a['name']} and ${b['name']}`);
  }
  return faults;
}

/** Whether both names are one, or what the APIs made of one. */
function agree(left: Facts, right: Facts, [here, there]: readonly [string, string]): boolean {
  const made = (facts: Facts, task: string) => {
    const row = facts.rowOf(task);
    const name = row === undefined ? '' : (facts.told(row)['name'] ?? '');
    const from = facts.ledger.remade.filter((each) => each.stored === name && facts.rowOf(each.task) === row);
    return [name, ...from.map(({ sent }) => sent)];
  };
  const theirs = new Set(made(right, there));
  return made(left, here).some((name) => theirs.has(name));
}
