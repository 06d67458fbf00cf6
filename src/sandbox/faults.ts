import type { SandboxApi } from './api.js';
import type { ArmedFault, EndingFault, Fault, FaultRule, Faults } from './fault.js';
import { matchesRoute } from './route.js';

export interface FaultBoard extends Faults {
  /** The faults that this request meets, in order, up to the first that ends it. Counts them as struck. */
  strike(api: SandboxApi['name'], route: string): readonly Fault[];
}

export function createFaults(): FaultBoard {
  let rules: Armed[] = [];
  let lastId = 0;
  return {
    add(rule) {
      lastId += 1;
      rules.push({ rule, id: lastId, seen: 0, struck: 0 });
      return lastId;
    },
    clear(id) {
      rules = id === undefined ? [] : rules.filter((armed) => armed.id !== id);
    },
    list: () => rules.map(({ rule, id, struck }): ArmedFault => ({ ...rule, id, struck })),
    strike(api, route) {
      const faults: Fault[] = [];
      for (const armed of rules) {
        if (!concerns(armed.rule, api, route)) continue;
        armed.seen += 1;
        if (armed.seen <= (armed.rule.skip ?? 0)) continue;
        armed.struck += 1;
        faults.push(armed.rule.fault);
        if (isEnding(armed.rule.fault)) break;
      }
      rules = rules.filter(({ rule, struck }) => rule.times === undefined || struck < rule.times);
      return faults;
    },
  };
}

interface Armed {
  readonly rule: FaultRule;
  readonly id: number;
  seen: number;
  struck: number;
}

function concerns(rule: FaultRule, api: SandboxApi['name'], route: string): boolean {
  return (rule.api === '*' || rule.api === api) && matchesRoute(rule.route, route);
}

const endings = new Set<string>(['status', 'html', 'redirect', 'hang', 'reset', 'cut']);

export function isEnding(fault: Fault): fault is EndingFault {
  return endings.has(fault.kind);
}
